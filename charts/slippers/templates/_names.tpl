{{/* The values of one service, over those that every service has. It takes [context, service] and answers YAML. */}}
{{- define "slippers.service" -}}
{{- $own := get (index . 0).Values (index . 1) }}
{{- mergeOverwrite (deepCopy $own.common) $own | toYaml }}
{{- end }}

{{- define "slippers.labels" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{ include "common.about" (index . 0) }}
{{- end }}

{{- define "slippers.publicHost" -}}
{{ (urlParse (include "common.publicURL" .)).hostname }}
{{- end }}

{{/* The Secret that the services' and the migration's keys are in. It takes [context, name]. */}}
{{- define "slippers.secretName" -}}
{{ printf "%s-%s" (index . 0).Release.Name (index . 1) }}
{{- end }}

{{/* A new key for access tokens, which says when it was made, as `auth-svc generate-key` does. */}}
{{- define "slippers.signingKey" -}}
{{- $begin := "-----BEGIN PRIVATE KEY-----\n" }}
{{- genPrivateKey "ed25519" | replace $begin (printf "%sCreated: %s\n\n" $begin (now | date "2006-01-02T15:04:05Z07:00")) }}
{{- end }}
