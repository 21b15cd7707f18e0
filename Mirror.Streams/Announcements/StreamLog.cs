using System.Buffers;

namespace Mirror.Streams.Announcements;

/// <summary>What a stream's log on the bus holds at one moment: about the last minute of announcements, and of each rendition that lives what a newcomer must know.</summary>
/// <param name="Sequence">Number of the last announcement ever written; 0 if there is none.</param>
/// <param name="Entries">Announcements in order.</param>
/// <param name="Renditions">For each rendition that lives, how it started last and its last initialization segments.</param>
internal sealed record StreamLog(long Sequence, IReadOnlyList<LogEntry> Entries, IReadOnlyDictionary<string, RenditionState> Renditions)
{
    /// <summary>Reads the bytes of a log; what cannot be read is counted and left out.</summary>
    public static StreamLog Read(string streamId, long sequence, IEnumerable<byte[]> entries, IEnumerable<byte[]> renditions)
    {
        var states = new Dictionary<string, RenditionState>(StringComparer.Ordinal);
        foreach (byte[] bytes in renditions)
        {
            foreach (LogEntry entry in ReadEntries(streamId, bytes)) { RenditionState.Apply(states, entry); }
        }
        return new StreamLog(sequence, [.. entries.SelectMany(bytes => ReadEntries(streamId, bytes))], states);
    }

    /// <summary>What a newcomer is told, as if it had been there from the first segment on that the log has from its start.</summary>
    /// <param name="known">Renditions that it knows already: those that are gone ended.</param>
    public IEnumerable<Announcement> Join(IReadOnlyCollection<Store.RenditionKey> known)
    {
        foreach (Store.RenditionKey key in known)
        {
            if (!Renditions.ContainsKey(key.Rendition)) { yield return new RenditionEnded(key); }
        }
        HashSet<string> joined = new(StringComparer.Ordinal);
        foreach (LogEntry entry in Entries)
        {
            if (!Renditions.TryGetValue(entry.Rendition, out RenditionState? state)) { continue; }
            if (joined.Contains(entry.Rendition)) { yield return entry.Announcement; }
            else if (entry.Announcement is RenditionStarted)
            {
                joined.Add(entry.Rendition);
                yield return entry.Announcement;
            }
            else if (entry.StartsSegment && state.InitAt(entry.Sequence) is { } init)
            {
                joined.Add(entry.Rendition);
                yield return state.StartedAt(entry);
                yield return init;
                yield return entry.Announcement;
            }
        }
        // Renditions of which nothing is left but how they began: they may go on, or be told of for the first time.
        foreach ((string rendition, RenditionState state) in Renditions)
        {
            if (joined.Contains(rendition) || state.Started is null || Entries.Any(entry => entry.Rendition == rendition && entry.Msn is not null)) { continue; }
            yield return state.Started;
            if (state.InitAt(long.MaxValue) is { } init) { yield return init; }
        }
    }

    /// <summary>Where the stream stands.</summary>
    public StreamPosition Position() => new(Positions(), Entries.Count == 0 ? null : Entries.Max(static entry => entry.DiscontinuitySequence));

    private List<RenditionPosition> Positions()
    {
        var positions = new List<RenditionPosition>();
        foreach ((string rendition, RenditionState state) in Renditions)
        {
            if (state.Started is not { } started) { continue; }
            LogEntry last = Entries.LastOrDefault(entry => entry.Rendition == rendition && entry.Msn is not null);
            bool isOlder = last.Announcement is null || last.Msn < started.FirstMsn;
            positions.Add(isOlder
                ? new RenditionPosition(started, started.FirstMsn, started.FirstDiscontinuitySequence)
                : new RenditionPosition(started, last.Msn!.Value + 1, last.DiscontinuitySequence));
        }
        return positions;
    }

    private static List<LogEntry> ReadEntries(string streamId, byte[] bytes)
    {
        if (AnnouncementCodec.TryRead(bytes, out string? named, out List<LogEntry> entries) && named == streamId) { return entries; }
        StreamsMetrics.AnnouncementsMalformed.Add(1);
        entries.ForEach(entry => AnnouncementCodec.Release(entry));
        return [];
    }
}

/// <summary>What a newcomer must know of one rendition beyond the announcements in the log.</summary>
internal sealed class RenditionState
{
    private const int MostInits = 4;                         // changes of format within the minute that the log covers
    private readonly List<LogEntry> _inits = [];
    private LogEntry _started;

    /// <summary>The last start.</summary>
    public RenditionStarted? Started => (RenditionStarted?)_started.Announcement;

    /// <summary>Takes an announcement into account.</summary>
    /// <returns>Whether it changed anything.</returns>
    public static bool Apply(Dictionary<string, RenditionState> states, in LogEntry entry)
    {
        if (entry.Announcement is RenditionEnded) { return states.Remove(entry.Rendition); }
        if (entry.Announcement is not RenditionStarted and not InitReady) { return false; }
        if (!states.TryGetValue(entry.Rendition, out RenditionState? state)) { states[entry.Rendition] = state = new RenditionState(); }
        if (entry.Announcement is RenditionStarted) { state._started = entry; }
        else if (state._inits.Count > 0 && IsSameInit(state._inits[^1].Announcement, entry.Announcement))
        {
            // More is known of the same format. It keeps its place in the log.
            state._inits[^1] = state._inits[^1] with { Announcement = entry.Announcement };
        }
        else
        {
            if (state._inits.Count == MostInits) { state._inits.RemoveAt(0); }
            state._inits.Add(entry);
        }
        return true;
    }

    /// <summary>The initialization segment in force at a place in the log; <see langword="null"/> if that is forgotten.</summary>
    public InitReady? InitAt(long sequence) => (InitReady?)_inits.LastOrDefault(init => init.Sequence < sequence).Announcement;

    /// <summary>The start of a rendition that is joined at the first part of a segment.</summary>
    public RenditionStarted StartedAt(in LogEntry firstPart) => Started! with
    {
        Rendition = firstPart.Announcement.Rendition,
        FirstMsn = firstPart.Msn!.Value,
        FirstDiscontinuitySequence = Math.Max(0, firstPart.DiscontinuitySequence - (firstPart.StartsDiscontinuity ? 1 : 0)),
    };

    private static bool IsSameInit(Announcement one, Announcement other)
        => one.Rendition == other.Rendition && ((InitReady)one).Name == ((InitReady)other).Name;

    /// <summary>The bytes that <see cref="StreamLog.Read"/> reads.</summary>
    public byte[] Write(string streamId)
    {
        var output = new ArrayBufferWriter<byte>();
        AnnouncementCodec.WriteHeader(output, streamId);
        if (Started is not null) { AnnouncementCodec.Write(output, _started, null); }
        foreach (LogEntry init in _inits) { AnnouncementCodec.Write(output, init, null); }
        return output.WrittenSpan.ToArray();
    }
}
