// Events of streams and recordings, as CloudEvents. The subscription comes once the functions answer: event-subscription.bicep.
param location string
param token string
param tags object
@description('Identities that may publish.')
param senders array
param deadLetterStorage string

var dataSender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'd5a91429-5739-47e2-a06b-3470a27159e7')
var blobDataContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: 'evgt-${token}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: { inputSchema: 'CloudEventSchemaV1_0', disableLocalAuth: true, minimumTlsVersionAllowed: '1.2' }
}

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for sender in senders: {
    name: guid(topic.id, sender, dataSender)
    scope: topic
    properties: { principalId: sender, principalType: 'ServicePrincipal', roleDefinitionId: dataSender }
  }
]

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: deadLetterStorage
}

// The topic writes what it could not deliver with its own identity.
resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, topic.id, blobDataContributor)
  scope: storage
  properties: { principalId: topic.identity.principalId, principalType: 'ServicePrincipal', roleDefinitionId: blobDataContributor }
}

output name string = topic.name
output endpoint string = topic.properties.endpoint
