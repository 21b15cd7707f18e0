// Delivers events to the functions.
param topicName string
param storageName string
@description('Base address of the origins, which hand the events on: https://HOST.')
param originUrl string
@description('What Event Grid shows to the functions.')
@secure()
param key string

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
      #disable-next-line use-secure-value-for-secure-inputs // it is made of one, which the rule does not see
      properties: { endpointUrl: '${originUrl}/runtime/webhooks/EventGrid?functionName=DeliverWebhooks&code=${key}', maxEventsPerBatch: 100, preferredBatchSizeInKilobytes: 64 }
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: { endpointType: 'StorageBlob', properties: { resourceId: storage.id, blobContainerName: 'dead-letters' } }
    }
  }
}
