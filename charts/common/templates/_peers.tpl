{{/* A name that leads to all Pods of a service, also to those that are starting or ending: they count callers too. By it each
knows how many share the limits while Redis is away. */}}
{{- define "common.peers" -}}
{{- include "common.values" . -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "common.peersName" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: http
{{- end }}

{{/* A Service's name may not have more than 63 letters. */}}
{{- define "common.peersName" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 57 | trimSuffix "-" }}-peers
{{- end }}
