// Ingest nodes: Kubernetes behind a Standard load balancer, which takes UDP and keeps an SRT flow on one pod. The manifests are in infra/kubernetes.
param location string
param token string
param tags object
param networkName string
param workspaceId string
param registryName string
param identityName string

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

var networkContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = {
  name: networkName

  resource subnet 'subnets' existing = {
    name: 'cluster'
  }
}

// An identity that is there before the cluster: without a right on its subnet a cluster gives no service an address.
resource control 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-cluster-${token}'
  location: location
  tags: tags
}

resource joins 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(network::subnet.id, control.id, networkContributor)
  scope: network::subnet
  properties: { principalId: control.properties.principalId, principalType: 'ServicePrincipal', roleDefinitionId: networkContributor }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2025-02-01' = {
  name: 'aks-${token}'
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${control.id}': {} } }
  dependsOn: [joins]
  sku: { name: 'Base', tier: 'Standard' }
  properties: {
    dnsPrefix: 'mirror-${token}'
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        vmSize: 'Standard_D4s_v5'
        count: 2
        enableAutoScaling: true
        minCount: 2
        maxCount: 5
        vnetSubnetID: network::subnet.id
        osSKU: 'AzureLinux'
        // 25 streams of 50 Mbit/s: the default buffers of a node are of 0.2 MB.
        linuxOSConfig: { sysctls: { netCoreRmemMax: 33554432 } }
      }
    ]
    // Pods have addresses of the network: transcode nodes reach each ingest node at its own.
    networkProfile: { networkPlugin: 'azure', loadBalancerSku: 'standard', serviceCidr: '10.50.0.0/16', dnsServiceIP: '10.50.0.10' }
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
    addonProfiles: {
      omsagent: { enabled: true, config: { logAnalyticsWorkspaceResourceID: workspaceId } }
      azureKeyvaultSecretsProvider: { enabled: true, config: { enableSecretRotation: 'true' } }
    }
  }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, cluster.id, acrPull)
  scope: registry
  properties: { principalId: cluster.properties.identityProfile.kubeletidentity.objectId, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
}

resource federation 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'ingest'
  properties: { issuer: cluster.properties.oidcIssuerProfile.issuerURL, subject: 'system:serviceaccount:mirror:ingest', audiences: ['api://AzureADTokenExchange'] }
}

output name string = cluster.name
