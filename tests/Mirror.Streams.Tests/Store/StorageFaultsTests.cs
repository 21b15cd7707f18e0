using Azure.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Streams.Documents;
using Mirror.Streams.Events;
using Mirror.Streams.Store;

namespace Mirror.Streams.Tests.Store;

public sealed class StorageFaultsTests : IEvents, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-faults-").FullName;
    private readonly List<CloudEvent> _events = [];
    private readonly StorageFaults _faults;

    public StorageFaultsTests() => _faults = new StorageFaults(this, TimeProvider.System, NullLogger<StorageFaults>.Instance);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    bool IEvents.Publish(CloudEvent happened)
    {
        _events.Add(happened);
        return true;
    }

    [Fact]
    public void A_fault_is_told_once_with_its_newest_reason_until_a_write_succeeds()
    {
        _faults.Succeeded(StorageFaults.Segments);
        _faults.Failed(StorageFaults.Segments, "no space left");
        _faults.Failed(StorageFaults.Segments, "still none");
        _faults.Failed(StorageFaults.Documents, "read-only");
        Assert.Equal([("documents", "read-only"), ("segments", "still none")], _faults.Current);
        _faults.Succeeded(StorageFaults.Segments);
        _faults.Succeeded(StorageFaults.Segments);
        Assert.Equal([("documents", "read-only")], _faults.Current);
        Assert.Equal(["storage.degraded", "storage.degraded", "storage.recovered"], _events.Select(happened => happened.Type));
        Assert.Equal("""{"storage":"segments","reason":"no space left"}""", _events[0].Data!.ToString());
    }

    [Fact]
    public async Task Documents_that_cannot_be_written_are_a_fault()
    {
        string blocked = Path.Combine(_folder, "hooks");
        await File.WriteAllTextAsync(blocked, "");
        var documents = new LocalDocuments(_folder, _faults);
        await Assert.ThrowsAnyAsync<IOException>(async () => await documents.PutAsync("hooks/a", new byte[1], null, default));
        Assert.Equal("documents", Assert.Single(_faults.Current).Storage);
        File.Delete(blocked);
        await documents.PutAsync("hooks/a", new byte[1], null, default);
        Assert.Empty(_faults.Current);
    }
}
