// One identity a service, so that each gets the rights that it needs and no more.
param location string
param token string
param tags object

var services = ['ingest', 'transcode', 'origin', 'functions']

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [
  for service in services: {
    name: 'id-${service}-${token}'
    location: location
    tags: tags
  }
]

type Identity = { id: string, name: string, principalId: string, clientId: string }

output ingest Identity = { id: identity[0].id, name: identity[0].name, principalId: identity[0].properties.principalId, clientId: identity[0].properties.clientId }
output transcode Identity = { id: identity[1].id, name: identity[1].name, principalId: identity[1].properties.principalId, clientId: identity[1].properties.clientId }
output origin Identity = { id: identity[2].id, name: identity[2].name, principalId: identity[2].properties.principalId, clientId: identity[2].properties.clientId }
output functions Identity = { id: identity[3].id, name: identity[3].name, principalId: identity[3].properties.principalId, clientId: identity[3].properties.clientId }
output principalIds array = [for i in range(0, length(services)): identity[i].properties.principalId]
