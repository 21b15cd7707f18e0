// Segments and recordings. Mirror deletes live segments itself; the rules here catch what it could not.
param location string
@minLength(13)
param token string
param tags object
@description('Identities that write segments and recordings.')
param writers array
@description('Identities that read them.')
param readers array
param recordingHotDays int
param logsId string

var blobDataContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
var blobDataReader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: 'st${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource media 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'mirror'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'dead-letters'
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          // Append blobs can be deleted by a rule, and not moved to another tier.
          name: 'live-leftovers'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['appendBlob', 'blockBlob'], prefixMatch: ['mirror/live/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 2 } } }
          }
        }
        {
          name: 'recordings-cool'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['mirror/dvr/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: recordingHotDays } } }
          }
        }
        {
          name: 'dead-letters'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['dead-letters/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
      ]
    }
  }
}

resource writes 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for writer in writers: {
    name: guid(account.id, writer, blobDataContributor)
    scope: media
    properties: { principalId: writer, principalType: 'ServicePrincipal', roleDefinitionId: blobDataContributor }
  }
]

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(account.id, reader, blobDataReader)
    scope: media
    properties: { principalId: reader, principalType: 'ServicePrincipal', roleDefinitionId: blobDataReader }
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: blobs
  properties: { workspaceId: logsId, metrics: [{ category: 'Transaction', enabled: true }] }
}

output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
