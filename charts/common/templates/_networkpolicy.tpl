{{- define "common.networkpolicy" -}}
{{- if .Values.global.networkPolicy.enabled }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "common.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- range .Values.networkPolicy.callers }}
    - from:
        {{- include "common.peer" (list $ .) | nindent 8 }}
      ports:
        - port: http
        {{- if eq . "gateway" }}
        - port: ops # its /health asks all
        {{- end }}
    {{- end }}
    {{- if .Values.networkPolicy.public }}
    - ports:
        - port: http
      {{- with .Values.networkPolicy.publicFrom }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
    {{- with .Values.global.networkPolicy.prometheus }}
    - from:
        {{- toYaml . | nindent 8 }}
      ports:
        - port: ops
    {{- end }}
  egress:
    {{- include "common.egress.dns" . | nindent 4 }}
    {{- range .Values.networkPolicy.calls }}
    - to:
        {{- include "common.peer" (list $ .) | nindent 8 }}
      ports:
        - port: 8080
        {{- if eq $.Chart.Name "gateway" }}
        - port: 9090
        {{- end }}
    {{- end }}
    {{- if .Values.database.schema }}
    {{- include "common.egress.postgresql" . | nindent 4 }}
    {{- end }}
    {{- include "common.egress.redis" . | nindent 4 }}
    {{- if .Values.networkPolicy.internet }}
    - to:
        {{- toYaml .Values.global.networkPolicy.internet | nindent 8 }}
      ports:
        - port: 443
    {{- end }}
    {{- with concat .Values.global.networkPolicy.egress .Values.networkPolicy.egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The Pods of a chart of this release. It takes [context, chart]. */}}
{{- define "common.peer" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ index . 1 }}
      app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{- define "common.egress.dns" -}}
- to:
    {{- toYaml .Values.global.networkPolicy.dns | nindent 4 }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end }}

{{- define "common.egress.postgresql" -}}
- to:
    {{- $ports := list 5432 }}
    {{- if .Values.global.tryout }}
    {{- include "common.peer" (list . "postgresql") | nindent 4 }}
    {{- else if .Values.global.cloudNativePG.enabled }}
    - podSelector:
        matchLabels:
          cnpg.io/cluster: {{ .Release.Name }}-postgresql
    {{- else }}
    {{- $ports = .Values.global.postgresql.ports }}
    {{- toYaml .Values.global.networkPolicy.postgresql | nindent 4 }}
    {{- end }}
  ports:
    {{- range $ports }}
    - port: {{ . }}
    {{- end }}
{{- end }}

{{- define "common.egress.redis" -}}
- to:
    {{- $ports := list 6379 }}
    {{- if include "common.ownRedis" . }}
    {{- include "common.peer" (list . "redis") | nindent 4 }}
    {{- else }}
    {{- $ports = .Values.global.redis.ports }}
    {{- toYaml .Values.global.networkPolicy.redis | nindent 4 }}
    {{- end }}
  ports:
    {{- range $ports }}
    - port: {{ . }}
    {{- end }}
{{- end }}
