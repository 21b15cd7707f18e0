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
@description('Requests a second that one replica takes before another starts: those of the last 15 s, divided by 15.')
param concurrentRequests int = 100

// Before the first deployment there is no image: a page that listens on port 80 stands in, on the smallest machine, and only when it is asked for.
var isPlaceholder = empty(image)
var ports = isPlaceholder ? { targetPort: 80, transport: 'http' } : { targetPort: targetPort, transport: transport }

resource app 'Microsoft.App/containerApps@2024-10-02-preview' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': name })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environmentId
    workloadProfileName: isPlaceholder ? 'Consumption' : workloadProfile
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry, identity: identity.id }]
      secrets: [for secret in items(secretUris): { name: toLower(replace(secret.key, '_', '-')), keyVaultUrl: secret.value, identity: identity.id }]
      ingress: { external: external, targetPort: ports.targetPort, transport: ports.transport, allowInsecure: !external }
    }
    template: {
      containers: [
        {
          name: name
          image: isPlaceholder ? 'mcr.microsoft.com/azuredocs/containerapps-helloworld:latest' : image
          resources: isPlaceholder ? { cpu: json('0.25'), memory: '0.5Gi' } : { cpu: json(cpu), memory: memory }
          env: concat(
            settings,
            [{ name: 'AZURE_CLIENT_ID', value: identity.clientId }],
            map(items(secretUris), secret => { name: secret.key, secretRef: toLower(replace(secret.key, '_', '-')) })
          )
          probes: isPlaceholder ? [] : [
            { type: 'Startup', httpGet: { path: '/live', port: 8080 }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 30 }
            { type: 'Liveness', httpGet: { path: '/live', port: 8080 }, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 }
            { type: 'Readiness', httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 }
          ]
        }
      ]
      scale: { minReplicas: isPlaceholder ? 0 : minReplicas, maxReplicas: maxReplicas, rules: concat(
        [{ name: 'http', http: { metadata: { concurrentRequests: string(concurrentRequests) } } }],
        // What a node of streams does comes by no request.
        isPlaceholder ? [] : [{ name: 'cpu', custom: { type: 'cpu', metadata: { type: 'Utilization', value: '60' } } }]
      ) }
      terminationGracePeriodSeconds: 30
    }
  }
}

output host string = app.properties.configuration.ingress.fqdn
