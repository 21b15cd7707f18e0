using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Mirror.Media.Playlists;
using Mirror.Streams.Shared;

namespace Mirror.LocalCluster;

/// <summary>A viewer of one rendition who believes nothing: it follows the playlist at whichever origin answers, fetches every part, and compares all that it is told twice.</summary>
/// <remarks>
/// What must hold whatever fails: numbers go on without a hole and never back; a segment once listed keeps its duration, gap and discontinuity,
/// at every origin; what is listed can be fetched; parts are whole fragments whose times rise; the bytes of a segment are those of its parts,
/// from another origin; the playlist does not end. Faults cost time, which is measured, or gaps, which are counted.
/// </remarks>
public sealed class CheckingViewer
{
    private const int MostViolations = 20;
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MediaPatience = TimeSpan.FromSeconds(40);       // an outage of 30 s is bridged
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    private readonly string _path;
    private readonly Uri[] _origins;
    private readonly HttpClient _http;
    private readonly Dictionary<long, Known> _segments = [];
    private readonly List<string> _violations = [];
    private int _origin;
    private long _lastMsn = -1;
    private int _lastPart = -1;
    private long _progressAt;
    private ulong _lastDecodeTime;
    private bool _startsTimeline;                           // behind a discontinuity, which may stand before a gap

    /// <param name="stream">The stream.</param>
    /// <param name="rendition">The rendition, such as <c>source</c>.</param>
    /// <param name="origins">Base addresses of the origins.</param>
    /// <param name="http">Shared by viewers.</param>
    public CheckingViewer(string stream, string rendition, IEnumerable<Uri> origins, HttpClient http)
    {
        Name = $"{stream}/{rendition}";
        _path = $"live/{Name}/";
        _origins = [.. origins];
        _http = http;
        _progressAt = Stopwatch.GetTimestamp();
    }

    /// <summary>A client for viewers, who notice soon that an origin is gone.</summary>
    public static HttpClient CreateClient()
        => new(new BrokenConnectionHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(1), PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) }));

    /// <summary>Stream and rendition.</summary>
    public string Name { get; }

    /// <summary>Parts fetched and checked.</summary>
    public long Parts { get; private set; }

    /// <summary>Segments checked against another origin.</summary>
    public long Segments { get; private set; }

    /// <summary>Parts that were marked as gaps.</summary>
    public long Gaps { get; private set; }

    /// <summary>Segments behind a discontinuity.</summary>
    public int Discontinuities { get; private set; }

    /// <summary>Requests that failed and were sent again, to another origin.</summary>
    public long Retries { get; private set; }

    /// <summary>The longest time without a new part.</summary>
    public TimeSpan LongestInterruption { get; private set; }

    /// <summary>Time since the last new part.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _progressAt));

    /// <summary>What did not hold; at most a few.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Watches until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (await GetPlaylistAsync(cancellationToken) is { } playlist) { await FollowAsync(playlist, cancellationToken); }
                else { await Task.Delay(RetryInterval, cancellationToken); }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { /* enough */ }
    }

    private async Task<MediaPlaylistDocument?> GetPlaylistAsync(CancellationToken cancellationToken)
    {
        string query = _lastMsn < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"?_HLS_msn={_lastMsn}&_HLS_part={_lastPart + 1}");
        (int status, byte[] body) = await SendAsync(_origins[_origin], "playlist.m3u8" + query, cancellationToken);
        if (status == 200 && MediaPlaylistParser.TryParse(System.Text.Encoding.UTF8.GetString(body), out MediaPlaylistDocument? playlist, out string? error)) { return playlist; }
        if (status == 200) { Violate("a playlist cannot be read"); }
        NextOrigin();
        return null;
    }

    private async Task FollowAsync(MediaPlaylistDocument playlist, CancellationToken cancellationToken)
    {
        if (playlist.IsEnded) { Violate("the playlist ended"); }
        if (_lastMsn >= 0 && playlist.MediaSequence > _lastMsn + 1) { Violate($"numbers {_lastMsn + 1} to {playlist.MediaSequence - 1} were never listed"); }
        long discontinuity = playlist.DiscontinuitySequence ?? 0;
        foreach (SegmentEntry segment in playlist.Segments)
        {
            if (segment.StartsDiscontinuity) { discontinuity++; }
            CheckSegment(segment, discontinuity, isComplete: true);
        }
        bool isFirst = _lastMsn < 0;
        if (isFirst) { (_lastMsn, _lastPart) = (playlist.LastMsn, int.MaxValue - 1); }
        foreach (SegmentEntry segment in playlist.Segments.Where(segment => segment.Msn >= _lastMsn))
        {
            if (segment.Parts.Count > 0) { await TakeAsync(segment, isComplete: true, cancellationToken); }
            else if (segment.Msn > _lastMsn) { await TakeWholeAsync(segment, cancellationToken); }
        }
        if (playlist.OpenSegment is not { } open) { return; }
        if (open.StartsDiscontinuity) { discontinuity++; }
        CheckSegment(open, discontinuity, isComplete: false);
        await TakeAsync(open, isComplete: false, cancellationToken);
    }

    /// <summary>Compares a segment with what any origin said of it before.</summary>
    private void CheckSegment(SegmentEntry segment, long discontinuity, bool isComplete)
    {
        if (!_segments.TryGetValue(segment.Msn, out Known? known))
        {
            _segments[segment.Msn] = known = new Known { Discontinuity = discontinuity, StartsDiscontinuity = segment.StartsDiscontinuity };
            if (segment.StartsDiscontinuity && _lastMsn >= 0) { Discontinuities++; }
        }
        if (known.StartsDiscontinuity != segment.StartsDiscontinuity) { Violate($"{segment.Msn} {(segment.StartsDiscontinuity ? "has a discontinuity" : "has no discontinuity")}, and was listed otherwise"); }
        if (known.Discontinuity != discontinuity) { Violate($"{segment.Msn} has discontinuity sequence number {discontinuity}, and had {known.Discontinuity}"); }
        for (int i = 0; i < segment.Parts.Count; i++)
        {
            (decimal, bool) part = (segment.Parts[i].Duration, segment.Parts[i].IsGap);
            if (i == known.Parts.Count) { known.Parts.Add(part); }
            else if (known.Parts[i] != part) { Violate($"{segment.Msn}.{i} is {part}, and was {known.Parts[i]}"); }
        }
        if (!isComplete) { return; }
        if (known.Duration is { } duration && duration != segment.Duration) { Violate($"{segment.Msn} lasts {segment.Duration}, and lasted {duration}"); }
        if (segment.Parts.Count > 0 && known.Parts.Count > segment.Parts.Count) { Violate($"{segment.Msn} has {segment.Parts.Count} parts, and had {known.Parts.Count}"); }
        known.Duration = segment.Duration;
    }

    /// <summary>Fetches the parts of a segment that are new; the whole of one that is complete now, from another origin.</summary>
    private async Task TakeAsync(SegmentEntry segment, bool isComplete, CancellationToken cancellationToken)
    {
        Known known = _segments[segment.Msn];
        for (int i = segment.Msn > _lastMsn ? 0 : _lastPart + 1; i < segment.Parts.Count; i++)
        {
            if (_lastMsn >= 0 && segment.Msn > _lastMsn + 1) { Violate($"{_lastMsn + 1} is missing before {segment.Msn}"); }
            PartEntry part = segment.Parts[i];
            (_lastMsn, _lastPart) = (segment.Msn, i);
            Progressed();
            _startsTimeline |= segment.StartsDiscontinuity && i == 0;
            if (part.IsGap)
            {
                Gaps++;
                known.HasGap = true;
                continue;
            }
            if (i != known.Fetched) { known.IsPartial = true; }
            byte[]? bytes = await FetchAsync(part.Uri, 0, cancellationToken);
            if (bytes is null) { continue; }
            Parts++;
            CheckFragments(part.Uri, bytes);
            known.Bytes.Write(bytes);
            known.Fetched = i + 1;
        }
        if (!isComplete || known.IsDone) { return; }
        known.IsDone = true;
        if (!known.IsPartial && !segment.IsGap && known.Bytes.Length > 0 && known.Fetched == segment.Parts.Count
            && await FetchAsync(segment.Uri, 1, cancellationToken) is { } whole)
        {
            Segments++;
            if (!known.HasGap && !whole.AsSpan().SequenceEqual(known.Bytes.ToArray())) { Violate($"{segment.Msn} has {whole.Length} bytes, and its parts had {known.Bytes.Length}"); }
        }
        known.Bytes.SetLength(0);
    }

    /// <summary>Fetches a segment whose parts are no longer listed, for this viewer was away for long.</summary>
    private async Task TakeWholeAsync(SegmentEntry segment, CancellationToken cancellationToken)
    {
        if (segment.Msn > _lastMsn + 1) { Violate($"{_lastMsn + 1} is missing before {segment.Msn}"); }
        (_lastMsn, _lastPart) = (segment.Msn, int.MaxValue - 1);
        Progressed();
        _segments[segment.Msn].IsDone = true;
        _startsTimeline |= segment.StartsDiscontinuity;
        if (segment.IsGap) { Gaps++; }
        else if (await FetchAsync(segment.Uri, 0, cancellationToken) is { } bytes)
        {
            Segments++;
            CheckFragments(segment.Uri, bytes);
        }
    }

    /// <summary>Fetches what is listed, from any origin that has it.</summary>
    private async Task<byte[]?> FetchAsync(string uri, int originsFurther, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        int status = 0;
        for (int i = originsFurther; Stopwatch.GetElapsedTime(started) < MediaPatience; i++)
        {
            (status, byte[] body) = await SendAsync(_origins[(_origin + i) % _origins.Length], uri, cancellationToken);
            if (status == 200) { return body; }
            await Task.Delay(RetryInterval, cancellationToken);
        }
        Violate($"{uri} is listed and cannot be fetched ({status})");
        return null;
    }

    /// <summary>Each fragment is moof and mdat, and its decoding time is later than that of the one before it on the same timeline.</summary>
    private void CheckFragments(string uri, ReadOnlySpan<byte> bytes)
    {
        do
        {
            int moof = bytes.Length >= 8 ? BinaryPrimitives.ReadInt32BigEndian(bytes) : 0;
            bool hasHeaders = moof > 8 && moof <= bytes.Length - 8 && bytes.Slice(4, 4).SequenceEqual("moof"u8) && bytes.Slice(moof + 4, 4).SequenceEqual("mdat"u8);
            int length = hasHeaders ? moof + BinaryPrimitives.ReadInt32BigEndian(bytes[moof..]) : 0;
            int tfdt = hasHeaders ? bytes[..moof].IndexOf("tfdt"u8) : -1;
            if (tfdt < 0 || length > bytes.Length || length <= moof)
            {
                Violate($"{uri} is no sequence of fragments");
                return;
            }
            ulong decodeTime = BinaryPrimitives.ReadUInt64BigEndian(bytes[(tfdt + 8)..]);
            if (!_startsTimeline && decodeTime <= _lastDecodeTime) { Violate($"{uri} starts at {decodeTime}, not after {_lastDecodeTime}"); }
            (_lastDecodeTime, _startsTimeline) = (decodeTime, false);
            bytes = bytes[length..];
        }
        while (!bytes.IsEmpty);
    }

    private async Task<(int Status, byte[] Body)> SendAsync(Uri origin, string uri, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RequestPatience);
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri(origin, _path + uri), patience.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(patience.Token);
            if (!response.IsSuccessStatusCode) { Retries++; }
            return ((int)response.StatusCode, body);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            Retries++;
            return (0, []);
        }
    }

    private void NextOrigin() => _origin = (_origin + 1) % _origins.Length;

    private void Progressed()
    {
        TimeSpan silence = Silence;
        if (Parts > 0 && silence > LongestInterruption) { LongestInterruption = silence; }
        Volatile.Write(ref _progressAt, Stopwatch.GetTimestamp());
    }

    private void Violate(string what)
    {
        if (_violations.Count < MostViolations) { _violations.Add($"{Name}: {what} ({DateTime.UtcNow:HH:mm:ss.fff}, {_origins[_origin].Authority})"); }
    }

    /// <summary>What was said of one segment.</summary>
    private sealed class Known
    {
        public long Discontinuity { get; init; }

        public bool StartsDiscontinuity { get; init; }

        public decimal? Duration { get; set; }

        public List<(decimal Duration, bool IsGap)> Parts { get; } = [];

        public MemoryStream Bytes { get; } = new();

        public int Fetched { get; set; }

        public bool HasGap { get; set; }

        /// <summary>It was joined in its middle.</summary>
        public bool IsPartial { get; set; }

        public bool IsDone { get; set; }
    }
}
