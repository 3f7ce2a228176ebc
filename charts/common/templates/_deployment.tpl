{{- define "common.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "common.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "common.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  progressDeadlineSeconds: 300
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "common.labels" . | nindent 8 }}
      annotations:
        checksum/config: {{ include "common.env" . | sha256sum }}
    spec:
      {{- include "common.pod" . | nindent 6 }}
{{- end }}

{{- define "common.pod" -}}
serviceAccountName: {{ include "common.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- include "common.pullSecrets" . }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ add .Values.drain.delay .Values.drain.leave .Values.drain.timeout 5 }}
securityContext:
  {{- include "common.podSecurity" . | nindent 2 }}
{{- include "common.placement" . }}
{{- if and .Values.database.schema (include "common.migratedLater" .) }}
initContainers:
  - name: wait-for-schema
    image: {{ include "common.image" (list . .Values.global.migrate.image) }}
    imagePullPolicy: {{ .Values.global.image.pullPolicy }}
    args: [wait, {{ .Values.database.schema }}]
    env:
      - name: DATABASE_URL_FILE
        value: /run/secrets/slippers/DATABASE_URL
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      {{- include "common.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - name: secrets
        mountPath: /run/secrets/slippers
        readOnly: true
{{- end }}
containers:
  - name: {{ .Chart.Name }}
    image: {{ include "common.image" (list . .Values.image) }}
    imagePullPolicy: {{ .Values.global.image.pullPolicy }}
    ports:
      - name: http
        containerPort: 8080
      - name: ops
        containerPort: 9090
    envFrom:
      - configMapRef:
          name: {{ include "common.fullname" . }}
    env:
      {{- range .Values.secret.files }}
      - name: {{ . }}_FILE
        value: /run/secrets/slippers/{{ . }}
      {{- end }}
    {{- include "common.probes" . | nindent 4 }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    securityContext:
      {{- include "common.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - name: secrets
        mountPath: /run/secrets/slippers
        readOnly: true
      - name: tmp
        mountPath: /tmp
      {{- with .Values.volumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: secrets
    secret:
      secretName: {{ .Values.secret.name | default (include "common.fullname" .) }}
      defaultMode: 0440
  - name: tmp
    emptyDir:
      sizeLimit: {{ index .Values.resources.limits "ephemeral-storage" }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Whoever has lost its database is alive and not ready: a restart would not bring the database back. */}}
{{- define "common.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: ops}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: {{ .Values.probes.startup }}
readinessProbe:
  httpGet: {path: /readyz, port: ops}
  periodSeconds: {{ .Values.probes.readiness }}
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: ops}
  periodSeconds: {{ .Values.probes.liveness }}
  timeoutSeconds: 3
  failureThreshold: 3
{{- if .Values.drain.delay }}
lifecycle:
  preStop:
    sleep: {seconds: {{ .Values.drain.delay }}}
{{- end }}
{{- end }}
