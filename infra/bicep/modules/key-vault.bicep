// What must not stand in a definition: the cluster's key, and Redis's connection string.
param location string
param token string
param tags object
@description('Identities that may read the secrets.')
param readers array
@description('Who deploys: may read and set them.')
param deployer string
@description('Whether a deleted vault keeps its name for 90 days.')
param isProtected bool
@secure()
param clusterKey string
@secure()
param eventKey string
param redisName string
param logsId string

var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource redis 'Microsoft.Cache/redisEnterprise@2025-04-01' existing = {
  name: redisName

  resource database 'databases' existing = {
    name: 'default'
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-${token}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enablePurgeProtection: isProtected ? true : null
    enabledForTemplateDeployment: true                       // of the event subscription, which has a key in its address
  }
}

resource key 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'cluster-key'
  properties: { value: clusterKey }
}

resource events 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'event-key'
  properties: { value: eventKey }
}

resource connection 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'redis'
  properties: {
    value: '${redis.properties.hostName}:${redis::database.properties.port},password=${redis::database.listKeys().primaryKey},ssl=True,abortConnect=False'
  }
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for reader in readers: {
    name: guid(vault.id, reader, secretsUser)
    scope: vault
    properties: { principalId: reader, principalType: 'ServicePrincipal', roleDefinitionId: secretsUser }
  }
]

var secretsOfficer = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7')

resource deploys 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployer)) {
  name: guid(vault.id, deployer, secretsOfficer)
  scope: vault
  properties: { principalId: deployer, roleDefinitionId: secretsOfficer }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: vault
  properties: { workspaceId: logsId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

output name string = vault.name
output clusterKeyUri string = key.properties.secretUri
output eventKeyUri string = events.properties.secretUri
output redisUri string = connection.properties.secretUri
