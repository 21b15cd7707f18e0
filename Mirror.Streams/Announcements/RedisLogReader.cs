using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.Streams.Announcements;

/// <summary>Gives one subscriber every announcement once and in order: as messages bring them, and from the log where messages were missed.</summary>
/// <remarks>
/// One loop handles messages, logs that were read, and once a second a look at all logs' last numbers, so that neither a lost message nor
/// a lost connection leaves anything unsaid for longer. Reading a log holds up its own stream only.
/// </remarks>
internal sealed partial class RedisLogReader : IDisposable
{
    private const int LongestQueue = 4096;                   // messages; one that finds it full is made good from the log
    private const int MostPending = 1024;                    // announcements of one stream that wait for those before them
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private readonly Channel<Event> _events = Channel.CreateBounded<Event>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private readonly Dictionary<string, Cursor> _cursors = new(StringComparer.Ordinal);
    private readonly Action<Announcement> _handler;
    private readonly RedisLogs _logs;
    private readonly RecentParts _recent;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private int _isLooking;
    private volatile bool _isDisposed;

    public RedisLogReader(Action<Announcement> handler, RedisLogs logs, RecentParts recent, TimeProvider time, ILogger logger)
    {
        _handler = handler;
        _logs = logs;
        _recent = recent;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static state => ((RedisLogReader)state!).Look(), this, TimeSpan.Zero, LookInterval);
        _ = Task.Run(RunAsync);
    }

    /// <summary>A message came. Returns at once.</summary>
    public void OnMessage(byte[] message) => _events.Writer.TryWrite(new Event(message, null, null, null));

    /// <summary>Looks at once for what was missed.</summary>
    public void Look()
    {
        if (!_isDisposed && Interlocked.Exchange(ref _isLooking, 1) == 0) { _ = LookAsync(); }
    }

    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
        _events.Writer.TryComplete();
    }

    private async Task LookAsync()
    {
        try
        {
            IReadOnlyDictionary<string, long> sequences = await _logs.ReadSequencesAsync(_time.GetUtcNow().ToUnixTimeMilliseconds(), CancellationToken.None);
            await _events.Writer.WriteAsync(new Event(null, null, null, sequences));
        }
        catch (Exception error) when (error is SharedStateException or ChannelClosedException) { /* the next look comes soon */ }
        finally { Volatile.Write(ref _isLooking, 0); }
    }

    private async Task RunAsync()
    {
        await foreach (Event next in _events.Reader.ReadAllAsync())
        {
            if (_isDisposed) { break; }
            if (next.Message is not null) { OnMessageTaken(next.Message); }
            else if (next.StreamId is not null) { OnLog(next.StreamId, next.Log); }
            else if (next.Sequences is not null) { OnSequences(next.Sequences); }
        }
        foreach (Cursor cursor in _cursors.Values) { cursor.DropPending(); }
    }

    private void OnMessageTaken(byte[] message)
    {
        if (!AnnouncementCodec.TryRead(message, out string? streamId, out List<LogEntry> entries))
        {
            StreamsMetrics.AnnouncementsMalformed.Add(1);
            return;
        }
        Cursor cursor = CursorOf(streamId);
        foreach (LogEntry entry in entries)
        {
            if (entry.Announcement is PartReady part) { _recent.Add(part); }
            if (cursor.HasBegun && entry.Sequence <= cursor.Last) { AnnouncementCodec.Release(entry); }
            else if (cursor.HasBegun && entry.Sequence == cursor.Last + 1) { Deliver(cursor, entry); }
            else { cursor.Hold(entry, MostPending); }
        }
        DeliverPending(cursor);
        if (cursor.HasPending || !cursor.HasBegun) { Load(streamId, cursor); }
    }

    private void OnSequences(IReadOnlyDictionary<string, long> sequences)
    {
        foreach ((string streamId, long sequence) in sequences)
        {
            Cursor cursor = CursorOf(streamId);
            bool isBehind = !cursor.HasBegun || sequence > cursor.Last;
            // A message may be on its way: only who stood still since the last look has missed one.
            if (isBehind && (!cursor.HasBegun || cursor.Last == cursor.LastSeenByLook)) { Load(streamId, cursor); }
            cursor.LastSeenByLook = cursor.Last;
        }
        foreach ((string streamId, Cursor cursor) in _cursors)
        {
            if (sequences.ContainsKey(streamId) || _time.GetElapsedTime(cursor.UsedAt) < RedisLogs.Lifetime) { continue; }
            cursor.DropPending();
            _cursors.Remove(streamId);
        }
    }

    private void OnLog(string streamId, StreamLog? log)
    {
        Cursor cursor = CursorOf(streamId);
        cursor.IsLoading = false;
        if (log is null || log.Sequence == 0) { return; }        // Redis is away or empty: whoever writes the log brings it back
        // A log that begins with what a message has brought: the subscriber was there from its beginning.
        if (!cursor.HasBegun && log.Entries.Count > 0 && cursor.IsPending(log.Entries[0].Sequence)) { cursor.Begin(log.Entries[0].Sequence - 1); }
        bool isHole = cursor.HasBegun && log.Sequence > cursor.Last && (log.Entries.Count == 0 || log.Entries[0].Sequence > cursor.Last + 1);
        if (!cursor.HasBegun || isHole)
        {
            if (isHole) { LogHole(streamId, cursor.Last, log.Sequence); }
            foreach (Announcement announcement in log.Join(cursor.Known)) { Tell(cursor, announcement); }
            cursor.Begin(log.Sequence);
        }
        else
        {
            if (!cursor.IsPending(cursor.Last + 1) && log.Sequence > cursor.Last) { StreamsMetrics.AnnouncementsMissed.Add(1); }
            foreach (LogEntry entry in log.Entries)
            {
                if (entry.Sequence > cursor.Last) { Deliver(cursor, cursor.TakePending(entry.Sequence) ?? entry); }   // the message's has the bytes
            }
            cursor.Begin(Math.Max(cursor.Last, log.Sequence));
        }
        DeliverPending(cursor);
        if (cursor.HasPending) { Load(streamId, cursor); }
    }

    private void DeliverPending(Cursor cursor)
    {
        while (cursor.HasBegun && cursor.TakeNext() is { } next) { Deliver(cursor, next); }
    }

    private void Deliver(Cursor cursor, in LogEntry entry)
    {
        cursor.Begin(entry.Sequence);
        Tell(cursor, entry.Announcement);
        AnnouncementCodec.Release(entry);
    }

    private void Tell(Cursor cursor, Announcement announcement)
    {
        if (announcement.Rendition.Epoch < cursor.Epoch) { return; }
        cursor.Epoch = announcement.Rendition.Epoch;
        cursor.UsedAt = _time.GetTimestamp();
        if (announcement is RenditionStarted) { cursor.Remember(announcement.Rendition); }
        else if (announcement is RenditionEnded) { cursor.Forget(announcement.Rendition); }
        _handler(announcement);
    }

    private Cursor CursorOf(string streamId)
    {
        if (!_cursors.TryGetValue(streamId, out Cursor? cursor)) { _cursors[streamId] = cursor = new Cursor { UsedAt = _time.GetTimestamp() }; }
        return cursor;
    }

    private void Load(string streamId, Cursor cursor)
    {
        if (cursor.IsLoading) { return; }
        cursor.IsLoading = true;
        _ = LoadAsync(streamId);
    }

    private async Task LoadAsync(string streamId)
    {
        StreamLog? log = null;
        try { log = await _logs.ReadAsync(streamId, CancellationToken.None); }
        catch (SharedStateException) { /* tried again with the next message or look */ }
        try { await _events.Writer.WriteAsync(new Event(null, streamId, log, null)); }
        catch (ChannelClosedException) { /* nobody listens any more */ }
    }

    private readonly record struct Event(byte[]? Message, string? StreamId, StreamLog? Log, IReadOnlyDictionary<string, long>? Sequences);

    /// <summary>How far the subscriber has come in one stream.</summary>
    private sealed class Cursor
    {
        private readonly SortedDictionary<long, LogEntry> _pending = [];
        private readonly Dictionary<string, RenditionKey> _known = new(StringComparer.Ordinal);

        public bool HasBegun { get; private set; }

        public long Last { get; private set; }

        public long LastSeenByLook { get; set; }

        public long Epoch { get; set; }

        public bool IsLoading { get; set; }

        public long UsedAt { get; set; }

        public bool HasPending => _pending.Count > 0;

        public IReadOnlyCollection<RenditionKey> Known => _known.Values;

        public void Begin(long last)
        {
            HasBegun = true;
            Last = last;
        }

        public void Remember(RenditionKey key) => _known[key.Rendition] = key;

        public void Forget(RenditionKey key) => _known.Remove(key.Rendition);

        public void Hold(in LogEntry entry, int most)
        {
            if (_pending.Count >= most || !_pending.TryAdd(entry.Sequence, entry)) { AnnouncementCodec.Release(entry); }
        }

        /// <summary>The entry that comes next, if it waits; those that are late are let go.</summary>
        public LogEntry? TakeNext()
        {
            while (_pending.Count > 0)
            {
                LogEntry first = _pending.First().Value;
                if (first.Sequence > Last + 1) { return null; }
                _pending.Remove(first.Sequence);
                if (first.Sequence == Last + 1) { return first; }
                AnnouncementCodec.Release(first);
            }
            return null;
        }

        public bool IsPending(long sequence) => _pending.ContainsKey(sequence);

        public LogEntry? TakePending(long sequence) => _pending.Remove(sequence, out LogEntry entry) ? entry : null;

        public void DropPending()
        {
            foreach (LogEntry entry in _pending.Values) { AnnouncementCodec.Release(entry); }
            _pending.Clear();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: announcements {Last} to {Now} were missed and are no longer in the log; its renditions are joined anew")]
    private partial void LogHole(string stream, long last, long now);
}
