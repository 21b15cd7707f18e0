// Container images.
param location string
@minLength(13)
param token string
param tags object
@description('Identities that may pull.')
param readers array

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'cr${token}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { adminUserEnabled: false }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(registry.id, reader, acrPull)
    scope: registry
    properties: { principalId: reader, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
  }
]

output name string = registry.name
output loginServer string = registry.properties.loginServer
