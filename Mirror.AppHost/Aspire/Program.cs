// Mirror as a system of services, as the deployment diagram in docs/architecture.md has it. MIRROR_ASPIRE=true dotnet run --project Mirror.AppHost
using System.Net.Sockets;
using Aspire.Hosting.Azure;
using Mirror.AppHost;

IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(args);
bool isPublished = builder.ExecutionContext.IsPublishMode;

// Shared state: the registry, leases and announcements; segments and recordings; what nodes show each other.
var redis = builder.AddAzureManagedRedis("redis").RunAsContainer();
var storage = builder.AddAzureStorage("storage").RunAsEmulator(emulator => emulator.WithLifetime(ContainerLifetime.Persistent));
var blobs = storage.AddBlobs("blobs");
storage.AddBlobContainer("mirror");
var clusterKey = builder.AddParameter("cluster-key", secret: true);

// Events: a topic of Event Grid, or the local one that speaks its protocol.
var topicKey = builder.AddParameter("topic-key", secret: true);
ReferenceExpression topic;
if (isPublished)
{
    var events = builder.AddBicepTemplate("events", "../infra/bicep/modules/events.bicep")
        .WithParameter("token", "aspire").WithParameter("tags", "{}").WithParameter("senders", Array.Empty<string>()).WithParameter("deadLetterStorage", storage.GetOutput("name"));
    topic = ReferenceExpression.Create($"{events.GetOutput("endpoint")}");
}
else
{
    var local = builder.AddDotnetProject("topic", "../Mirror.EventTopic/Mirror.EventTopic.csproj")
        .WithHttpEndpoint(name: "http", env: "MIRROR_SERVER_HTTP_PORT")
        .WithEnvironment("MIRROR_EVENT_TOPIC_KEY", topicKey);
    topic = ReferenceExpression.Create($"{local.GetEndpoint("http")}/api/events");
}

// Where each service goes: Container Apps take no UDP, so ingest goes to Kubernetes.
var apps = builder.AddAzureContainerAppEnvironment("apps");
var cluster = builder.AddAzureKubernetesEnvironment("ingest-cluster").WithSystemNodePool("Standard_D4s_v5", 2, 5).WithWorkloadIdentity();

var ingest = AddNode("ingest", "Mirror.IngestNode", replicas: 1)
    .WithEndpoint(port: 30000, targetPort: 30000, scheme: "srt", name: "srt", env: "MIRROR_INGESTION_SRT_PORT", isProxied: false, isExternal: true, protocol: ProtocolType.Udp)
    .WithEndpoint(port: 5004, targetPort: 5004, scheme: "rtp", name: "rtp", isProxied: false, isExternal: true, protocol: ProtocolType.Udp)
    .WithComputeEnvironment(cluster);
ingest.PublishAsKubernetesService(service =>
{
    service.Service!.Spec.Type = "LoadBalancer";
    service.Service.Spec.ExternalTrafficPolicy = "Local";    // keeps the publisher's address
});

var transcode = AddNode("transcode", "Mirror.GpuTranscode", replicas: 2).WithComputeEnvironment(apps);
var functions = AddNode("functions", "Mirror.Functions", replicas: 2).WithComputeEnvironment(apps);
var origin = AddNode("origin", "Mirror.Origin", replicas: 2).WithComputeEnvironment(apps)
    .WithExternalHttpEndpoints()
    .WaitFor(functions).WaitFor(transcode).WaitFor(ingest)
    .WithUrlForEndpoint("http", url => url.DisplayText = "Dashboard");

origin.WithCommand("push-test-stream", "Push a test stream", context => TestStream.StartAsync("demo", 30000, context.CancellationToken));
origin.WithCommand("open-player", "Open the player", context => TestStream.OpenPlayerAsync(origin.GetEndpoint("http"), "demo", context.CancellationToken));

builder.Build().Run();

IResourceBuilder<Aspire.Hosting.Dotnet.DotnetProjectResource> AddNode(string name, string project, int replicas)
{
    var node = builder.AddDotnetProject(name, $"../{project}/{project}.csproj", options => options.ExcludeLaunchProfile = true)
        .WithReference(redis).WithReference(blobs)
        .WaitFor(redis).WaitFor(storage)
        .WithHttpEndpoint(name: "http", env: "MIRROR_SERVER_HTTP_PORT")
        .WithHttpEndpoint(name: "nodes", env: "MIRROR_CLUSTER_PORT")
        .WithEnvironment("MIRROR_SERVER_HTTPS_PORT", "0")
        .WithEnvironment("MIRROR_CLUSTER_KEY", clusterKey)
        .WithEnvironment("MIRROR_EVENTS_EVENT_GRID_ENDPOINT", topic)
        .WithHttpHealthCheck("/ready", endpointName: "http")
        .WithReplicas(replicas);
    if (!isPublished) { return node.WithEnvironment("MIRROR_EVENTS_EVENT_GRID_KEY", topicKey); }
    return node.WithEnvironment("MIRROR_SERVER_HTTP_ADDRESS", "*").WithEnvironment("MIRROR_CLUSTER_LISTEN_ADDRESS", "*");
}
