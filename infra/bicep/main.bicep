// Mirror on Azure: azd up. docs/deploy.md says what each parameter is for.
targetScope = 'subscription'

@description('Name of the azd environment: part of the names of all resources.')
@minLength(1)
@maxLength(24)
param environmentName string

@description('Region. GPU workload profiles exist in some only: docs/deploy.md.')
param location string

@description('Who deploys: may read and set the secrets. azd fills it in.')
param principalId string

@description('Transcode on T4 GPUs, which have NVENC; otherwise on CPUs. Needs a quota for the profile Consumption-GPU-NC8as-T4, which is 0 for most subscriptions.')
param useGpu bool = false

@description('Put Front Door before the origins.')
param useFrontDoor bool = true

@description('A deleted key vault keeps its name for 90 days and nobody can shorten that: for production. Otherwise azd down and azd up work again and again.')
param protectVault bool = false

@description('What nodes show each other. azd makes it once, and keeps it with the environment.')
@secure()
@minLength(16)
@metadata({ azd: { type: 'generate', config: { length: 32, noSpecial: true } } })
param clusterKey string

@description('What Event Grid shows to the functions when it delivers events. azd makes it once.')
@secure()
@minLength(16)
@metadata({ azd: { type: 'generate', config: { length: 32, noSpecial: true } } })
param eventKey string

@description('Days for which recordings are kept in the hot tier.')
@minValue(1)
param recordingHotDays int = 30

@description('Image of each service; azd sets them once it has built and pushed them.')
param originImage string = ''
param transcodeImage string = ''
param functionsImage string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, product: 'mirror' }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: group
  params: { location: location, token: token, tags: tags }
}

module logs 'modules/logs.bicep' = {
  name: 'logs'
  scope: group
  params: { location: location, token: token, tags: tags }
}

module network 'modules/network.bicep' = {
  name: 'network'
  scope: group
  params: { location: location, token: token, tags: tags }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  scope: group
  params: { location: location, token: token, tags: tags, readers: identities.outputs.principalIds }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    token: token
    tags: tags
    writers: [identities.outputs.transcode.principalId, identities.outputs.functions.principalId]
    readers: [identities.outputs.origin.principalId, identities.outputs.ingest.principalId]
    recordingHotDays: recordingHotDays
    logsId: logs.outputs.workspaceId
  }
}

module redis 'modules/redis.bicep' = {
  name: 'redis'
  scope: group
  params: { location: location, token: token, tags: tags }
}

module vault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  scope: group
  params: {
    location: location
    token: token
    tags: tags
    readers: identities.outputs.principalIds
    deployer: principalId
    isProtected: protectVault
    clusterKey: clusterKey
    eventKey: eventKey
    redisName: redis.outputs.name
    logsId: logs.outputs.workspaceId
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: { location: location, token: token, tags: tags, senders: identities.outputs.principalIds, deadLetterStorage: storage.outputs.name }
}

module environment 'modules/container-environment.bicep' = {
  name: 'container-environment'
  scope: group
  params: {
    location: location
    token: token
    tags: tags
    subnetId: network.outputs.appsSubnetId
    workspaceName: logs.outputs.workspaceName
    insightsName: logs.outputs.insightsName
    useGpu: useGpu
  }
}

// What every service is told.
var shared = [
  { name: 'MIRROR_SHARED_BLOB', value: storage.outputs.blobEndpoint }
  { name: 'MIRROR_EVENTS_EVENT_GRID_ENDPOINT', value: events.outputs.endpoint }
  { name: 'MIRROR_LOGGING_FORMAT', value: 'json' }
  { name: 'MIRROR_CLUSTER_LISTEN_ADDRESS', value: '*' }
  { name: 'MIRROR_SERVER_HTTP_ADDRESS', value: '*' }
  { name: 'MIRROR_HOOKS_ALLOW_PRIVATE', value: 'false' } // whoever reaches the API must not reach the virtual network
]
var secretUris = {
  MIRROR_CLUSTER_KEY: vault.outputs.clusterKeyUri
  MIRROR_SHARED_REDIS: vault.outputs.redisUri
}

module origin 'modules/container-app.bicep' = {
  name: 'origin'
  scope: group
  params: {
    name: 'origin'
    location: location
    tags: tags
    environmentId: environment.outputs.id
    identity: identities.outputs.origin
    registry: registry.outputs.loginServer
    image: originImage
    settings: shared
    secretUris: secretUris
    external: true
    targetPort: 8080
    cpu: '2'
    memory: '4Gi'
    minReplicas: 2
    maxReplicas: 50
    concurrentRequests: 10000 // a viewer of 100 ms parts asks 40 times a second
  }
}

module functions 'modules/container-app.bicep' = {
  name: 'functions'
  scope: group
  params: {
    name: 'functions'
    location: location
    tags: tags
    environmentId: environment.outputs.id
    identity: identities.outputs.functions
    registry: registry.outputs.loginServer
    image: functionsImage
    // Other nodes and Event Grid's webhook come by the same ingress; it chooses the replica.
    settings: concat(shared, [
      { name: 'MIRROR_CLUSTER_ADDRESS', value: 'http://functions' }
    ])
    secretUris: union(secretUris, { MIRROR_FUNCTIONS_EVENT_GRID_KEY: vault.outputs.eventKeyUri })
    external: false
    targetPort: 8081
    transport: 'http2'
    cpu: '1'
    memory: '2Gi'
    minReplicas: 2
    maxReplicas: 4
  }
}

module transcode 'modules/container-app.bicep' = {
  name: 'transcode'
  scope: group
  params: {
    name: 'transcode'
    location: location
    tags: tags
    environmentId: environment.outputs.id
    identity: identities.outputs.transcode
    registry: registry.outputs.loginServer
    image: transcodeImage
    settings: concat(shared, [
      { name: 'MIRROR_CLUSTER_ADDRESS', value: 'http://transcode' }
    ])
    secretUris: secretUris
    external: false
    targetPort: 8081
    transport: 'http2'
    workloadProfile: useGpu ? environment.outputs.gpuProfile : 'Consumption'
    cpu: useGpu ? '8' : '4'
    memory: useGpu ? '56Gi' : '8Gi'
    minReplicas: 1
    maxReplicas: 4
  }
}

module cluster 'modules/ingest-aks.bicep' = {
  name: 'ingest-aks'
  scope: group
  params: {
    location: location
    token: token
    tags: tags
    networkName: network.outputs.name
    workspaceId: logs.outputs.workspaceId
    registryName: registry.outputs.name
    identityName: identities.outputs.ingest.name
  }
}

module frontDoor 'modules/front-door.bicep' = if (useFrontDoor) {
  name: 'front-door'
  scope: group
  params: { token: token, tags: tags, originHost: origin.outputs.host }
}

// azd reads these.
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_AKS_CLUSTER_NAME string = cluster.outputs.name
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_TENANT_ID string = tenant().tenantId
output MIRROR_INGEST_CLIENT_ID string = identities.outputs.ingest.clientId
output MIRROR_STORAGE_NAME string = storage.outputs.name
output MIRROR_SHARED_BLOB string = storage.outputs.blobEndpoint
output MIRROR_EVENTS_EVENT_GRID_ENDPOINT string = events.outputs.endpoint
output MIRROR_EVENTS_TOPIC_NAME string = events.outputs.name
output MIRROR_ORIGIN_URL string = 'https://${origin.outputs.host}'
output MIRROR_VIEWER_URL string = useFrontDoor ? 'https://${frontDoor!.outputs.host}' : 'https://${origin.outputs.host}'
