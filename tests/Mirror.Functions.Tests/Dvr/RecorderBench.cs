using Azure.Messaging;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Functions.Dvr;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Functions.Tests.Dvr;

/// <summary>Nodes that record one stream, <c>cam</c>, into one archive, on a clock that a test moves.</summary>
internal sealed class RecorderBench : IDisposable
{
    private static readonly TimeSpan StoreRetention = TimeSpan.FromMinutes(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-dvr-").FullName;
    private readonly EventList _events = new();
    private long _firstMsn;

    public RecorderBench()
    {
        Archive = new LocalRecordingArchive(_folder);
        Leases = new LocalLeases(Time);
        Storage = new StorageFaults(_events, Time, NullLogger<StorageFaults>.Instance);
        Faults = new RecordingFaults(_events, Storage, new NodeIdentity("a", null), Time, NullLogger<RecordingFaults>.Instance);
        Restart();
    }

    public StorageFaults Storage { get; }

    public RecordingFaults Faults { get; }

    public ManualTime Time { get; } = new();

    public DvrOptions Options { get; } = new() { ResumeWindow = TimeSpan.FromSeconds(30) };

    public RecordingWish Wish { get; set; } = new(IsWanted: true, DateTime.MinValue);

    public IRecordingArchive Archive { get; set; }

    public LocalLeases Leases { get; private set; }

    public TestStore Store { get; private set; } = null!;

    public LocalAnnouncements Announcements { get; private set; } = null!;

    public TestRendition Video { get; private set; } = null!;

    public TestRendition Audio { get; private set; } = null!;

    public IReadOnlyList<CloudEvent> Events => _events.Told;

    public string Folder => _folder;

    public DvrRetention Retention => new(Archive, new RecordingCatalog(Archive, Time), _events, Options, Time, NullLogger<DvrRetention>.Instance);

    /// <summary>All processes end and others start: what was in memory is gone.</summary>
    public void Restart(long firstMsn = TestRendition.FirstMsn)
    {
        Leases = new LocalLeases(Time);
        Store = new TestStore();
        Announcements = new LocalAnnouncements();
        Video = Rendition("source", isVideo: true);
        Audio = Rendition("audio", isVideo: false);
        Video.ProgramTime = Audio.ProgramTime = Time.GetUtcNow().UtcDateTime;
        _firstMsn = firstMsn;
    }

    public TestRendition Rendition(string name, bool isVideo) => new(Announcements, Store, new RenditionKey("cam", name), isVideo, TimeSpan.FromMilliseconds(100), 5);

    /// <summary>Both renditions begin.</summary>
    public void Begin()
    {
        Video.Start(_firstMsn).Init();
        Audio.Start(_firstMsn).Init();
    }

    /// <summary>A node that follows the stream from now on.</summary>
    public RecorderNode Node(string name)
    {
        var recent = new RecentSegments(StoreRetention, Time);
        Announcements.Subscribe(recent.Apply);
        return new RecorderNode(this, Recorder(name, recent), recent);
    }

    public StreamRecorder Recorder(string node, RecentSegments recent)
        => new("cam", recent, new RecorderServices(Store, Archive, new RecordingCatalog(Archive, Time), Leases, _events, new NodeIdentity(node, null), Options, Time, Faults), NullLogger.Instance);

    /// <summary>Segments of both renditions, as time goes by.</summary>
    public void Publish(int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(500));
            Video.Segments(1);
            Audio.Segments(1);
        }
    }

    public async Task<IReadOnlyList<RecordingKey>> KeysAsync() => await Archive.ListAsync("cam", default);

    public async Task<RecordingIndex> IndexAsync(int recording = 0)
    {
        var index = new RecordingIndex();
        index.Append((await Archive.ReadIndexAsync((await KeysAsync())[recording], 0, default))!.Value.Span);
        Assert.Equal(0, index.MalformedLines);
        return index;
    }

    /// <summary>The bytes that a recording has of a segment; <see langword="null"/> if there is no file.</summary>
    public async Task<byte[]?> FileAsync(string file, int recording = 0)
    {
        string path = Path.Combine(_folder, "cam", (await KeysAsync())[recording].Id, file);
        return File.Exists(path) ? await File.ReadAllBytesAsync(path) : null;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class EventList : IEvents
    {
        public List<CloudEvent> Told { get; } = [];

        public bool Publish(CloudEvent happened)
        {
            Told.Add(happened);
            return true;
        }
    }
}

/// <summary>One node that records, or would.</summary>
internal sealed record RecorderNode(RecorderBench Bench, StreamRecorder Recorder, RecentSegments Recent)
{
    public Task<RecorderState> PassAsync() => Recorder.PassAsync(Bench.Wish, default);
}
