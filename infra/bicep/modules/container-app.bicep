// One service as a container app. azd finds it by its tag, and puts its image in.
param name string
param location string
param tags object
param environmentId string
type Identity = { id: string, name: string, principalId: string, clientId: string }
param identity Identity
param registry string
@description('Empty before azd pushed one.')
param image string
@description('Environment variables.')
param settings array
@description('Environment variables whose values are secrets: name to URI in the key vault.')
param secretUris object
param external bool
param targetPort int
@allowed(['http', 'http2'])
param transport string = 'http'
param workloadProfile string = 'Consumption'
param cpu string
param memory string
param minReplicas int
param maxReplicas int
@description('Requests that one replica takes before another starts; held playlist requests count.')
param concurrentRequests int = 100

resource app 'Microsoft.App/containerApps@2024-10-02-preview' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': name })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: workloadProfile
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry, identity: identity.id }]
      secrets: [for secret in items(secretUris): { name: toLower(replace(secret.key, '_', '-')), keyVaultUrl: secret.value, identity: identity.id }]
      ingress: { external: external, targetPort: targetPort, transport: transport, allowInsecure: !external }
    }
    template: {
      containers: [
        {
          name: name
          image: empty(image) ? 'mcr.microsoft.com/azuredocs/containerapps-helloworld:latest' : image
          resources: { cpu: json(cpu), memory: memory }
          env: concat(
            settings,
            [{ name: 'AZURE_CLIENT_ID', value: identity.clientId }],
            map(items(secretUris), secret => { name: secret.key, secretRef: toLower(replace(secret.key, '_', '-')) })
          )
          probes: empty(image) ? [] : [
            { type: 'Liveness', httpGet: { path: '/live', port: 8080 }, periodSeconds: 10, failureThreshold: 3 }
            { type: 'Readiness', httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5, failureThreshold: 2 }
          ]
        }
      ]
      scale: { minReplicas: minReplicas, maxReplicas: maxReplicas, rules: [{ name: 'http', http: { metadata: { concurrentRequests: string(concurrentRequests) } } }] }
      terminationGracePeriodSeconds: 30
    }
  }
}

output host string = app.properties.configuration.ingress.fqdn
