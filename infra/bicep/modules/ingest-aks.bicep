// Ingest nodes: Kubernetes behind a Standard load balancer, which takes UDP and keeps an SRT flow on one pod. The manifests are in infra/kubernetes.
param location string
param token string
param tags object
param subnetId string
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

resource cluster 'Microsoft.ContainerService/managedClusters@2025-02-01' = {
  name: 'aks-${token}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
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
        vnetSubnetID: subnetId
        osSKU: 'AzureLinux'
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
