// Container Apps: origins, functions, transcode nodes.
param location string
param token string
param tags object
param subnetId string
param workspaceName string
param insightsName string
param useGpu bool

var gpuProfile = 'gpu-t4'

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource environment 'Microsoft.App/managedEnvironments@2024-10-02-preview' = {
  name: 'cae-${token}'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: workspace.properties.customerId, sharedKey: workspace.listKeys().primarySharedKey }
    }
    // The environment's own collector: it tells every container OTEL_EXPORTER_OTLP_ENDPOINT.
    appInsightsConfiguration: { connectionString: insights.properties.ConnectionString }
    openTelemetryConfiguration: {
      tracesConfiguration: { destinations: ['appInsights'] }
      logsConfiguration: { destinations: ['appInsights'] }
    }
    vnetConfiguration: { infrastructureSubnetId: subnetId }
    // T4 has NVENC; the A100 of the other GPU profile has not.
    workloadProfiles: concat([{ name: 'Consumption', workloadProfileType: 'Consumption' }], useGpu ? [{ name: gpuProfile, workloadProfileType: 'Consumption-GPU-NC8as-T4' }] : [])
  }
}

output id string = environment.id
output gpuProfile string = gpuProfile
output domain string = environment.properties.defaultDomain
