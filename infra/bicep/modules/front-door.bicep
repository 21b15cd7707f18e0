// Viewers' side: Front Door caches segments and parts for ever, and answers that many wait for once. It speaks HTTP/2 to viewers.
param token string
param tags object
param originHost string

resource profile 'Microsoft.Cdn/profiles@2024-02-01' = {
  name: 'afd-${token}'
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: { originResponseTimeoutSeconds: 60 }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2024-02-01' = {
  parent: profile
  name: 'mirror-${token}'
  location: 'global'
  properties: { enabledState: 'Enabled' }
}

resource origins 'Microsoft.Cdn/profiles/originGroups@2024-02-01' = {
  parent: profile
  name: 'origins'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 0 }
    healthProbeSettings: { probePath: '/ready', probeProtocol: 'Https', probeRequestType: 'GET', probeIntervalInSeconds: 30 }
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2024-02-01' = {
  parent: origins
  name: 'origin'
  properties: { hostName: originHost, originHostHeader: originHost, httpsPort: 443, priority: 1, weight: 1000 }
}

// A playlist's address with its _HLS_ parameters is a resource of its own, so the query is part of the key.
resource live 'Microsoft.Cdn/profiles/afdEndpoints/routes@2024-02-01' = {
  parent: endpoint
  name: 'media'
  properties: {
    originGroup: { id: origins.id }
    patternsToMatch: ['/live/*', '/dvr/*', '/assets/*']
    supportedProtocols: ['Http', 'Https']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
    cacheConfiguration: { queryStringCachingBehavior: 'UseQueryString' }
  }
  dependsOn: [origin]
}

resource rest 'Microsoft.Cdn/profiles/afdEndpoints/routes@2024-02-01' = {
  parent: endpoint
  name: 'pages'
  properties: {
    originGroup: { id: origins.id }
    patternsToMatch: ['/*']
    supportedProtocols: ['Http', 'Https']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
  }
  dependsOn: [origin]
}

output host string = endpoint.properties.hostName
