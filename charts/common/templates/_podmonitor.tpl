{{- define "common.podmonitor" -}}
{{- if and .Values.podMonitor.enabled (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/PodMonitor") }}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "common.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
    {{- with .Values.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  scrapeClassicHistograms: true # which alerts and dashboards read, also where Prometheus takes native ones
  podMetricsEndpoints:
    - port: ops
      interval: {{ .Values.podMonitor.interval }}
      relabelings: # what alerts and dashboards know a service and a replica by
        - targetLabel: service
          replacement: {{ eq .Chart.Name "gateway" | ternary "gateway" (printf "%s-svc" .Chart.Name) }}
        - targetLabel: instance
          sourceLabels: [__meta_kubernetes_pod_name]
{{- end }}
{{- end }}
