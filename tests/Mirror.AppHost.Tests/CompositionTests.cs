using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Mirror.AppHost.Tests;

/// <summary>The composition starts, in order, and is one Mirror.</summary>
public sealed class CompositionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_service_becomes_healthy_and_the_origin_answers_for_all()
    {
        using var patience = new CancellationTokenSource(Patience);
        await using IDistributedApplicationTestingBuilder builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Mirror_AppHost>(
            ["--Parameters:cluster-key=0123456789abcdef", "--Parameters:topic-key=0123456789abcdef"], patience.Token);
        await using DistributedApplication app = await builder.BuildAsync(patience.Token);
        await app.StartAsync(patience.Token);
        foreach (string service in new[] { "ingest", "transcode", "functions", "origin" }) { await app.ResourceNotifications.WaitForResourceHealthyAsync(service, patience.Token); }
        using HttpClient origin = app.CreateHttpClient("origin", "http");
        using HttpResponseMessage streams = await origin.GetAsync(new Uri("/api/v1/streams", UriKind.Relative), patience.Token);
        Assert.Equal(HttpStatusCode.OK, streams.StatusCode);
    }
}
