{{- define "common.config" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "common.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
data:
  {{- include "common.env" . | trim | nindent 2 }}
{{- end }}

{{/* What follows from other values, and .Values.env over it. */}}
{{- define "common.env" -}}
{{- $env := dict "GOMEMLIMIT" (include "common.goMemory" .) }}
{{- $_ := set $env "GOGC" "400" }}{{/* a small heap is collected all the time; GOMEMLIMIT bounds a large one */}}
{{- $_ := set $env "HTTP_DRAIN_DELAY" (printf "%vs" .Values.drain.leave) }}
{{- $_ := set $env "HTTP_DRAIN_TIMEOUT" (printf "%vs" .Values.drain.timeout) }}
{{- if .Values.database.schema }}
{{- $_ := set $env "DB_POOL_SIZE" (.Values.database.poolSize | toString) }}
{{- $_ := set $env "DB_MAX_OVERFLOW" (.Values.database.maxOverflow | toString) }}
{{- end }}
{{- range $name, $value := mergeOverwrite $env .Values.env }}
{{ $name }}: {{ tpl $value $ | quote }}
{{- end }}
{{- end }}

{{/* Nine tenths of the limit: Go does not count all that the kernel does. */}}
{{- define "common.goMemory" -}}
{{- $limit := .Values.resources.limits.memory }}
{{- $unit := ternary 1024 1 (hasSuffix "Gi" $limit) }}
{{- printf "%dMiB" (div (mul $unit 9 (regexFind "^[0-9]+" $limit | int)) 10) }}
{{- end }}
