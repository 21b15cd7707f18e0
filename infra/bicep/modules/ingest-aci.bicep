// One ingest node as a container group with a public address, for trials: no balancing, and the address changes when it is made anew.
// Container groups may not use 20000-30000, hence port 31000. Other nodes come over the internet, so their port is the one with TLS.
param location string
param token string
param tags object
param identityId string
param registry string
param image string
param settings array
param vaultName string
param hostName string
@secure()
param certificate string
@secure()
param clusterKey string
param redisName string

resource redis 'Microsoft.Cache/redisEnterprise@2025-04-01' existing = {
  name: redisName

  resource database 'databases' existing = {
    name: 'default'
  }
}

resource group 'Microsoft.ContainerInstance/containerGroups@2023-05-01' = {
  name: 'ci-ingest-${token}'
  location: location
  tags: union(tags, { vault: vaultName })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    osType: 'Linux'
    restartPolicy: 'Always'
    imageRegistryCredentials: empty(image) ? [] : [{ server: registry, identity: identityId }]
    ipAddress: {
      type: 'Public'
      dnsNameLabel: 'mirror-${token}'
      ports: [{ port: 31000, protocol: 'UDP' }, { port: 8443, protocol: 'TCP' }]
    }
    volumes: [{ name: 'certificate', secret: { 'node.pem': base64(certificate) } }]
    containers: [
      {
        name: 'ingest'
        properties: {
          image: empty(image) ? 'mcr.microsoft.com/azuredocs/aci-helloworld:latest' : image
          ports: [{ port: 31000, protocol: 'UDP' }, { port: 8443, protocol: 'TCP' }]
          resources: { requests: { cpu: 2, memoryInGB: 4 } }
          volumeMounts: [{ name: 'certificate', mountPath: '/certificate', readOnly: true }]
          environmentVariables: concat(settings, [
            { name: 'MIRROR_INGESTION_SRT_PORT', value: '31000' }
            { name: 'MIRROR_CLUSTER_ADDRESS', value: 'https://${hostName}:8443' }
            { name: 'MIRROR_SERVER_CERTIFICATE_PATH', value: '/certificate/node.pem' }
            { name: 'MIRROR_CLUSTER_KEY', secureValue: clusterKey }
            {
              name: 'MIRROR_SHARED_REDIS'
              secureValue: '${redis.properties.hostName}:${redis::database.properties.port},password=${redis::database.listKeys().primaryKey},ssl=True,abortConnect=False'
            }
          ])
        }
      }
    ]
  }
}

output host string = group.properties.ipAddress.fqdn
