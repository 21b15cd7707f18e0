// After the services: Event Grid asks them whether they want its events before it makes the subscription (azure.yaml, postdeploy).
param topicName string
param storageName string
param vaultName string
param originUrl string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

module subscription 'modules/event-subscription.bicep' = {
  name: 'event-subscription'
  params: { topicName: topicName, storageName: storageName, originUrl: originUrl, key: vault.getSecret('event-key') }
}
