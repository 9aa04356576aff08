{{/* Parts of every pod: the same identity, restrictions, environment and files for the registry and its commands. */}}
{{- define "skerry.podSettings" -}}
serviceAccountName: {{ include "skerry.serviceAccountName" . }}
# The registry does not use the Kubernetes API. Tokens for AWS are mounted separately.
automountServiceAccountToken: false
# Otherwise Kubernetes sets variables such as SKERRY_PORT for the Service.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 128Mi
{{- if not (include "skerry.isAws" .) }}
  - name: data
    persistentVolumeClaim:
      claimName: {{ include "skerry.claimName" . }}
{{- end }}
{{- if .Values.config }}
  - name: config
    configMap:
      name: {{ include "skerry.fullname" . }}-config
{{- else if .Values.existingConfig.secret }}
  - name: config
    secret:
      secretName: {{ .Values.existingConfig.secret }}
      defaultMode: 288 # 0440: readable for the group of the pod, not for everyone
{{- else if .Values.existingConfig.configMap }}
  - name: config
    configMap:
      name: {{ .Values.existingConfig.configMap }}
{{- end }}
{{- with .Values.secretFiles }}
  - name: secrets
    secret:
      secretName: {{ . }}
      defaultMode: 288 # 0440: readable for the group of the pod, not for everyone
{{- end }}
{{- with .Values.caBundle }}
  - name: ca
    configMap:
      name: {{ . }}
{{- end }}
{{- end -}}

{{- define "skerry.containerSettings" -}}
image: {{ include "skerry.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
envFrom:
  - configMapRef:
      name: {{ include "skerry.fullname" . }}-settings
{{- $secret := .Values.storage.aws.existingSecret }}
{{- if or .Values.extraEnv (and $secret (include "skerry.isAws" .)) }}
env:
{{- if and $secret (include "skerry.isAws" .) }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
  - name: {{ . }}
    valueFrom:
      secretKeyRef:
        name: {{ $secret }}
        key: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- if not (include "skerry.isAws" .) }}
  - name: data
    mountPath: /data
{{- end }}
{{- if include "skerry.hasConfig" . }}
  - name: config
    mountPath: /etc/skerry/config
    readOnly: true
{{- end }}
{{- if .Values.secretFiles }}
  - name: secrets
    mountPath: /etc/skerry/secrets
    readOnly: true
{{- end }}
{{- if .Values.caBundle }}
  - name: ca
    mountPath: /etc/skerry/ca
    readOnly: true
{{- end }}
{{- end -}}

{{/* A pod that runs one command. Call with a dict: root, command, args, deadline. */}}
{{- define "skerry.commandPod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "skerry.instanceLabels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .command }}
spec:
  restartPolicy: Never
  {{- include "skerry.podSettings" $root | nindent 2 }}
  {{- if not (include "skerry.isAws" $root) }}
  # All processes of one data folder must run on one machine.
  affinity:
    podAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        - topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "skerry.selectorLabels" $root | nindent 14 }}
  {{- end }}
  containers:
    - name: {{ .command }}
      args: {{ concat (list .command) .args | toJson }}
      {{- include "skerry.containerSettings" $root | nindent 6 }}
      resources:
        {{- toYaml $root.Values.cronJobs.resources | nindent 8 }}
{{- end -}}
