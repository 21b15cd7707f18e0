// The registry, leases and announcements. One shard: transactions span the keys of a stream.
param location string
param token string
param tags object

resource redis 'Microsoft.Cache/redisEnterprise@2025-04-01' = {
  name: 'redis-${token}'
  location: location
  tags: tags
  sku: { name: 'Balanced_B3' }
  properties: { minimumTlsVersion: '1.2', highAvailability: 'Enabled' }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-04-01' = {
  parent: redis
  name: 'default'
  properties: {
    clientProtocol: 'Encrypted'
    port: 10000
    clusteringPolicy: 'NoCluster'
    evictionPolicy: 'NoEviction'
    accessKeysAuthentication: 'Enabled'
  }
}

output name string = redis.name
output databaseId string = database.id
