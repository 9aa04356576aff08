{{- define "skerry.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "skerry.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "skerry.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "skerry.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "skerry.instanceLabels" -}}
app.kubernetes.io/name: {{ include "skerry.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of the pods that serve, and of no other. */}}
{{- define "skerry.selectorLabels" -}}
{{ include "skerry.instanceLabels" . }}
app.kubernetes.io/component: registry
{{- end -}}

{{- define "skerry.labels" -}}
{{ include "skerry.instanceLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "skerry.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "skerry.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "skerry.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $image.repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}

{{- define "skerry.isAws" -}}
{{- if eq .Values.storage.mode "aws" }}true{{ end -}}
{{- end -}}

{{- define "skerry.claimName" -}}
{{- default (include "skerry.fullname" .) .Values.storage.folder.existingClaim -}}
{{- end -}}

{{/* Environment of the pods: the settings that follow from the values. */}}
{{- define "skerry.settings" -}}
HOST: "0.0.0.0"
PORT: "8000"
SKERRY_DRAIN: {{ printf "%ds" (int .Values.drainSeconds) }}
SKERRY_SHUTDOWN_TIMEOUT: {{ printf "%ds" (int .Values.shutdownSeconds) }}
{{- with .Values.storage }}
SKERRY_STORAGE: {{ .mode }}
{{- if eq .mode "aws" }}
AWS_REGION: {{ .aws.region | quote }}
SKERRY_S3_BUCKET: {{ .aws.bucket | quote }}
SKERRY_DYNAMODB_TABLE: {{ .aws.table | quote }}
{{- with .aws.prefix }}
SKERRY_S3_PREFIX: {{ . | quote }}
{{- end }}
{{- with .aws.s3Endpoint }}
AWS_ENDPOINT_URL_S3: {{ . | quote }}
{{- end }}
{{- with .aws.dynamodbEndpoint }}
AWS_ENDPOINT_URL_DYNAMODB: {{ . | quote }}
{{- end }}
{{- if .aws.pathStyle }}
SKERRY_S3_PATH_STYLE: "on"
{{- end }}
{{- else }}
SKERRY_DATA: /data
{{- end }}
{{- end }}
{{- if .Values.metrics.enabled }}
SKERRY_METRICS_HOST: "0.0.0.0"
SKERRY_METRICS_PORT: "9464"
{{- end }}
{{- if .Values.cronJobs.collect.enabled }}
SKERRY_COLLECT_INTERVAL: "0"
{{- end }}
{{- if .Values.cronJobs.retain.enabled }}
SKERRY_RETENTION_INTERVAL: "0"
{{- end }}
{{- if include "skerry.hasConfig" . }}
SKERRY_CONFIG: /etc/skerry/config/config.yaml
{{- end }}
{{- if .Values.caBundle }}
DENO_CERT: /etc/skerry/ca/ca.crt
{{- end }}
{{- end -}}

{{- define "skerry.hasConfig" -}}
{{- if or .Values.config .Values.existingConfig.secret .Values.existingConfig.configMap }}true{{ end -}}
{{- end -}}
