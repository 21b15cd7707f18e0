using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Announcements;

/// <summary>Announcements while Redis is slow, away, or comes back with nothing.</summary>
public abstract class RedisOutageTests(RedisKind kind) : IAsyncLifetime
{
    private static readonly TimeSpan AnswerDelay = TimeSpan.FromMilliseconds(500);
    private readonly string _prefix = SharedServers.NewPrefix();
    private readonly List<IAsyncDisposable> _connections = [];
    private readonly List<RedisAnnouncements> _open = [];
    private RedisServer _server = null!;
    private TcpProxy _writersWay = null!;
    private TcpProxy _readersWay = null!;
    private RedisConnection _writersRedis = null!;
    private RedisAnnouncements _writer = null!;
    private RedisAnnouncements _reader = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync(kind);
        _writersWay = new TcpProxy(_server.Port);
        _readersWay = new TcpProxy(_server.Port);
        _writersRedis = Connect(_writersWay.Port);
        _writer = Open(_writersRedis, TimeSpan.FromSeconds(30));
        _reader = Open(Connect(_readersWay.Port), TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RedisAnnouncements announcements in _open) { await announcements.DisposeAsync(); }
        foreach (IAsyncDisposable connection in _connections) { await connection.DisposeAsync(); }
        _writersWay.Dispose();
        _readersWay.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task A_publisher_that_lost_redis_loses_nothing()
    {
        using var there = new Listener(_reader);
        var stream = new TestStream(_writer, "cam");
        stream.Start().Parts(4);
        await there.UntilAsync(heard => heard.Count == 6, "the beginning was heard");
        _writersWay.IsCut = true;
        stream.Parts(200, bytes: 1000);
        _writersWay.IsCut = false;
        stream.Parts(2);
        await there.UntilAsync(heard => heard.Count == 208, "all was heard");
        Assert.Equal(TestStream.Media(206), there.Media);
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_neither_repeated_nor_missed()
    {
        using var there = new Listener(_reader);
        var stream = new TestStream(_writer, "cam");
        stream.Start();
        for (int i = 0; i < 20; i++)
        {
            stream.Parts(5);
            if (i % 4 == 1)
            {
                _writersWay.Delay = TimeSpan.FromMilliseconds(100);
                await there.UntilAsync(heard => heard.Count > 5 * i - 5, "some of it was heard");
                _writersWay.CloseAll();
                _writersWay.Delay = TimeSpan.Zero;
            }
        }
        await there.UntilAsync(heard => heard.Count == 102, "all was heard");
        Assert.Equal(TestStream.Media(100), there.Media);
    }

    [Fact]
    public async Task A_listener_that_missed_messages_reads_them_from_the_log()
    {
        using var there = new Listener(_reader);
        var stream = new TestStream(_writer, "cam");
        stream.Start().Parts(4);
        await there.UntilAsync(heard => heard.Count == 6, "the beginning was heard");
        _readersWay.IsCut = true;
        using (var witness = new Listener(_writer))
        {
            stream.Parts(100);
            await witness.UntilAsync(heard => heard.Count(a => a is PartReady) == 104, "all was written");
        }
        _readersWay.IsCut = false;
        await there.UntilAsync(heard => heard.Count == 106, "what was missed was heard");
        Assert.Equal(TestStream.Media(104), there.Media);
    }

    [Fact]
    public async Task Redis_that_comes_back_empty_is_filled_again()
    {
        using var there = new Listener(_reader);
        var leases = new RedisLeases(_writersRedis, _prefix, TimeProvider.System);
        Lease? lease = null;
        await Eventually.UntilAsync(async () => (lease = await leases.TryAcquireAsync(Lease.TranscodeOf("cam"), "a", TimeSpan.FromSeconds(10), default)) is not null, "the lease was taken");
        var stream = new TestStream(_writer, "cam", lease!.Fence);
        stream.Start().Parts(10);
        await there.UntilAsync(heard => heard.Count == 12, "the beginning was heard");
        _server.Stop();
        stream.Parts(20);
        await _server.StartAsync();
        stream.Parts(2);
        await Eventually.UntilAsync(async () =>
        {
            try { return await leases.RenewAsync(lease, default); }
            catch (SharedStateException) { return false; }
        }, "the lease was renewed");
        await there.UntilAsync(heard => heard.Count == 34, "all was heard");
        Assert.Equal(TestStream.Media(32), there.Media);
        using var newcomer = new Listener(_reader);
        await newcomer.UntilAsync(heard => heard.Count == 34, "a newcomer is told of what was before as well");
        Assert.Equal(TestStream.Media(32), newcomer.Media);
        Assert.Equal(116, Assert.Single((await _reader.FindPositionAsync("cam", default)).Renditions).NextMsn);
    }

    [Fact]
    public async Task What_waited_for_too_long_is_a_gap_and_no_number_is_missing()
    {
        RedisAnnouncements impatient = Open(_writersRedis, TimeSpan.FromMilliseconds(1));
        using var there = new Listener(_reader);
        var stream = new TestStream(impatient, "cam");
        stream.Start().Parts(4);
        await there.UntilAsync(heard => heard.Count == 6, "the beginning was heard");
        int before = there.Heard.Count(announcement => announcement is PartMissing);
        _writersWay.IsCut = true;
        stream.Parts(20);
        await Eventually.UntilAsync(() => !_writersRedis.IsConnected, "the loss was noticed");
        _writersWay.IsCut = false;
        await there.UntilAsync(heard => heard.Count == 26, "all was heard");
        Assert.Equal(TestStream.Media(24).Select(part => part["part ".Length..]), there.Media.Select(part => part[(part.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
        Assert.True(there.Heard.Count(announcement => announcement is PartMissing) >= before + 20);
    }

    [Fact]
    public async Task More_than_the_queue_holds_starts_anew_with_a_segment()
    {
        using var there = new Listener(_reader);
        var stream = new TestStream(_writer, "cam");
        stream.Start().Parts(4);
        await there.UntilAsync(heard => heard.Count == 6, "the beginning was heard");
        _writersWay.IsCut = true;
        stream.Parts(RedisLogWriter.LongestQueue + 2001);
        _writersWay.IsCut = false;
        stream.Parts(3);
        string last = TestStream.Media(RedisLogWriter.LongestQueue + 2008)[^1];
        await there.UntilAsync(_ => there.Media[^1] == last, "the end was heard");
        var anew = Assert.IsType<RenditionStarted>(Assert.Single(there.Heard.Skip(6), announcement => announcement is RenditionStarted));
        List<Announcement> rest = [.. there.Heard.SkipWhile(announcement => announcement != anew).Skip(1)];
        Assert.IsType<InitReady>(rest[0]);
        Assert.Equal($"part {anew.FirstMsn}.0", Listener.Describe(rest[1]));
        Assert.Equal(rest.Count - 1, rest.Select(Listener.Describe).Distinct().Count(described => described is not null));
    }

    [Fact]
    public async Task A_slow_redis_holds_up_nobody_and_loses_nothing()
    {
        _writersWay.Delay = AnswerDelay;
        using var there = new Listener(_reader);
        var stream = new TestStream(_writer, "cam");
        long started = TimeProvider.System.GetTimestamp();
        stream.Start().Parts(300);
        // One that waited for each answer would take two and a half minutes.
        Assert.True(TimeProvider.System.GetElapsedTime(started) < 300 * AnswerDelay / 3);
        await there.UntilAsync(heard => heard.Count == 302, "all was heard");
        Assert.Equal(TestStream.Media(300), there.Media);
    }

    private RedisConnection Connect(int port)
    {
        var connection = new RedisConnection($"127.0.0.1:{port}", NullLogger<RedisConnection>.Instance);
        _connections.Add(connection);
        return connection;
    }

    private RedisAnnouncements Open(RedisConnection redis, TimeSpan bridge)
    {
        var options = new SharedOptions { Prefix = _prefix, Bridge = bridge };
        var announcements = new RedisAnnouncements(redis, [redis], options, new RecentParts(1 << 20), TimeProvider.System, NullLogger<RedisAnnouncements>.Instance);
        _open.Add(announcements);
        return announcements;
    }
}

public sealed class RedisServerOutageTests() : RedisOutageTests(RedisKind.Redis);

public sealed class GarnetOutageTests() : RedisOutageTests(RedisKind.Garnet);
