{{/* The service's own values over those that every service has. Everything else here expects them merged. */}}
{{- define "common.values" -}}
{{- $_ := set . "Values" (mergeOverwrite (deepCopy .Values.common) .Values) -}}
{{- end }}

{{- define "common.all" -}}
{{- include "common.values" . -}}
{{- range list "config" "serviceaccount" "service" "deployment" "hpa" "pdb" "networkpolicy" "podmonitor" }}
{{- with include (printf "common.%s" .) $ | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "common.fullname" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Selectors are for ever: name and instance only. */}}
{{- define "common.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "common.labels" -}}
{{ include "common.selector" . }}
{{ include "common.about" . }}
{{- end }}

{{- define "common.about" -}}
app.kubernetes.io/part-of: slippers
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.global.image.tag | default .Chart.AppVersion | quote }}
{{- end }}

{{/* A reference to an image. It takes [context, image]. */}}
{{- define "common.image" -}}
{{- $global := (index . 0).Values.global.image }}
{{- $image := index . 1 }}
{{- with $global.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $global.tag | default (index . 0).Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "common.pullSecrets" -}}
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "common.mostReplicas" -}}
{{ ternary .Values.autoscaling.maxReplicas .Values.replicas .Values.autoscaling.enabled }}
{{- end }}

{{- define "common.publicURL" -}}
{{- if .Values.global.publicURL }}{{ .Values.global.publicURL | trimSuffix "/" }}
{{- else if .Values.global.tryout }}http://localhost:8080
{{- else }}{{ fail "global.publicURL: set the shop's outside address, such as https://shop.example" }}{{ end }}
{{- end }}

{{/* Not empty where the database is migrated beside the rest at the first installation, so that services must wait. */}}
{{- define "common.migratedLater" -}}
{{- if or .Values.global.tryout .Values.global.cloudNativePG.enabled (ne (include "common.secrets" .) "existing") }}yes{{ end }}
{{- end }}

{{/* Not empty where the release has a Redis of its own. */}}
{{- define "common.ownRedis" -}}
{{- if or .Values.global.tryout .Values.global.redis.enabled }}yes{{ end }}
{{- end }}

{{- define "common.secrets" -}}
{{ .Values.global.secrets | default (ternary "generated" "existing" .Values.global.tryout) }}
{{- end }}
