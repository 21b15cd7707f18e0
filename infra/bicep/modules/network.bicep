// One network: transcode nodes read feeds from ingest nodes at their own addresses, over HTTP/2 without TLS.
param location string
param token string
param tags object

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.40.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.40.0.0/23'
          delegations: [{ name: 'container-apps', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      { name: 'cluster', properties: { addressPrefix: '10.40.16.0/20' } }
    ]
  }
}

output name string = network.name
output appsSubnetId string = network.properties.subnets[0].id
