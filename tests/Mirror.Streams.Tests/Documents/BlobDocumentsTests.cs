using System.Text;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Streams.Documents;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Documents;

/// <summary>Documents in Azure Blob Storage.</summary>
public sealed class BlobDocumentsTests(SharedServers servers) : DocumentsContract, IAsyncLifetime
{
    private readonly string _container = SharedServers.NewPrefix();
    private TcpProxy _way = null!;
    private BlobDocuments _documents = null!;
    private BlobConnection _direct = null!;

    private protected override IDocuments Documents => _documents;

    public async ValueTask InitializeAsync()
    {
        int port = await servers.AzuritePortAsync();
        _way = new TcpProxy(port);
        _documents = new BlobDocuments(AzuriteServer.Connect(_way.Port, _container));
        _direct = AzuriteServer.Connect(port, _container);
    }

    public ValueTask DisposeAsync()
    {
        _way.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Nodes_see_each_others_documents_and_of_their_writers_one_wins()
    {
        var other = new BlobDocuments(_direct);
        string first = (await PutAsync("hooks/a", "one"))!;
        Assert.Equal(first, (await other.GetAsync("hooks/a", default))!.ETag);
        Assert.NotNull(await other.PutAsync("hooks/a", Encoding.UTF8.GetBytes("two"), first, default));
        Assert.Null(await PutAsync("hooks/a", "three", first));
        Assert.Equal("two", await GetAsync("hooks/a"));
    }

    [Fact]
    public async Task A_slow_storage_is_waited_for()
    {
        _way.Delay = TimeSpan.FromMilliseconds(600);
        string tag = (await PutAsync("hooks/a", "one", Document.None))!;
        Assert.Equal(tag, (await Documents.GetAsync("hooks/a", default))!.ETag);
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_known_as_ones_own()
    {
        string tag = (await PutAsync("hooks/a", "one"))!;
        _way.Delay = TimeSpan.FromSeconds(20);
        Task<string?> writing = PutAsync("hooks/a", "two", tag).AsTask();
        await Eventually.UntilAsync(async () => await TextOfAsync("hooks/a") == "two", "the write was done");
        _way.Delay = TimeSpan.Zero;
        _way.CloseAll();                                     // its answer never comes: it is repeated, and finds the ETag changed by itself
        Assert.NotNull(await writing);
        Assert.Equal(await writing, (await Documents.GetAsync("hooks/a", default))!.ETag);
    }

    [Fact]
    public async Task A_storage_that_is_away_is_said_so_and_one_that_returns_is_found()
    {
        await PutAsync("hooks/a", "one");
        _way.IsCut = true;
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Documents.GetAsync("hooks/a", soon.Token));
        await Task.WhenAll(
            Assert.ThrowsAsync<SharedStateException>(async () => await Documents.GetAsync("hooks/a", default)),
            Assert.ThrowsAsync<SharedStateException>(async () => await PutAsync("hooks/a", "two")),
            Assert.ThrowsAsync<SharedStateException>(async () => await Documents.ListAsync("hooks/", default)),
            Assert.ThrowsAsync<SharedStateException>(async () => await Documents.DeleteAsync("hooks/a", default)));
        _way.IsCut = false;
        Assert.Equal("one", await GetAsync("hooks/a"));
    }

    [Fact]
    public async Task A_container_that_is_missing_is_empty_and_is_made_by_the_first_write()
    {
        Assert.Empty(await Documents.ListAsync("", default));
        Assert.False(await Documents.DeleteAsync("hooks/a", default));
        await PutAsync("hooks/a", "one");
        await _direct.Container.DeleteAsync();
        Assert.Null(await GetAsync("hooks/a"));
        await PutAsync("hooks/a", "two");
        Assert.Equal("two", await GetAsync("hooks/a"));
    }

    [Fact]
    public async Task Blobs_that_are_no_documents_do_not_show()
    {
        await PutAsync("hooks/a", "one");
        foreach (string name in new[] { "documents/hooks/.hidden", "documents/hooks/a b", "documents/", "live/cam/1/source/1.m4s" }) { await BlobAt(name).UploadAsync(BinaryData.FromString("x")); }
        await BlobAt("documents/hooks/huge").UploadAsync(BinaryData.FromBytes(new byte[Document.MostBytes + 1]));
        Assert.Equal(["hooks/a"], (await Documents.ListAsync("", default)).Select(document => document.Name));
        Assert.Null(await GetAsync("hooks/huge"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Documents.PutAsync("hooks/huge", new byte[Document.MostBytes + 1], null, default));
    }

    [Fact]
    public async Task The_sweep_of_old_segments_leaves_documents_alone()
    {
        await PutAsync("hooks/a", "one");
        using var sweep = new BlobSweep(_direct, new LocalLeases(TimeProvider.System), "n1", TimeSpan.FromDays(-1), TimeProvider.System, NullLogger<BlobSweep>.Instance);
        await sweep.LookAsync(default);
        Assert.Equal(0, await sweep.DeleteDueAsync(default));
        Assert.Equal("one", await GetAsync("hooks/a"));
    }

    private BlobClient BlobAt(string name) => _direct.Container.GetBlobClient(name);

    private async Task<string> TextOfAsync(string name) => (await BlobAt(BlobDocuments.Root + name).DownloadContentAsync()).Value.Content.ToString();
}
