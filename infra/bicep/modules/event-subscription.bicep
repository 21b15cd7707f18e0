// Delivers events to the functions. Event Grid asks them first whether they want it, so this is deployed after them (azure.yaml, postdeploy).
param topicName string
param storageName string
@description('Where Event Grid delivers: https://HOST/runtime/webhooks/EventGrid?functionName=NAME.')
@secure()
param endpointUrl string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource subscription 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'functions'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'WebHook'
      properties: { endpointUrl: endpointUrl, maxEventsPerBatch: 100, preferredBatchSizeInKilobytes: 64 }
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: { endpointType: 'StorageBlob', properties: { resourceId: storage.id, blobContainerName: 'dead-letters' } }
    }
  }
}
