using Mirror.IngestNode.Srt;
using Mirror.IngestNode.Streams;

namespace Mirror.IngestNode.Admission;

/// <summary>Who may publish what: one publisher a stream, no more streams than configured.</summary>
/// <remarks>
/// Asked from the handshake of a caller, where every packet of every stream waits: one short lock, nothing else. A name is reserved
/// while its handshake is under way, then held by its stream until that ends, so a publisher that drops keeps its place.
/// </remarks>
internal sealed class PublisherTable(int capacity, TimeProvider time)
{
    /// <summary>A publisher that has sent nothing for so long gives way to a new one of the same name: an encoder that restarted.</summary>
    public static readonly TimeSpan SilenceBeforeTakeover = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Streams and handshakes under way.</summary>
    public int Count
    {
        get { lock (_lock) { return _entries.Count; } }
    }

    /// <summary>Reserves a name for the caller behind <paramref name="ticket"/>.</summary>
    /// <returns><see langword="false"/> with the reject code and the reason when it must be refused.</returns>
    public bool TryReserve(string streamId, int ticket, out SrtRejection rejection, out string reason)
    {
        (rejection, reason) = (default, "");
        lock (_lock)
        {
            if (!_entries.TryGetValue(streamId, out Entry? entry))
            {
                if (_entries.Count >= capacity)
                {
                    (rejection, reason) = (SrtRejection.Overload, $"all {capacity} streams are in use (ingestion.srt.max_connections)");
                    return false;
                }
                _entries[streamId] = new Entry { Ticket = ticket };
                return true;
            }
            if (entry.Ticket is not null)
            {
                (rejection, reason) = (SrtRejection.Conflict, "another publisher of this stream is connecting");
                return false;
            }
            if (entry.Stream is { IsReceiving: true } && time.GetElapsedTime(entry.Stream.LastReceived) < SilenceBeforeTakeover)
            {
                (rejection, reason) = (SrtRejection.Conflict, "the stream already has a publisher");
                return false;
            }
            entry.Ticket = ticket;
            return true;
        }
    }

    /// <summary>Ends a reservation whose handshake failed.</summary>
    public void Cancel(string streamId, int ticket)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(streamId, out Entry? entry) || entry.Ticket != ticket) { return; }
            entry.Ticket = null;
            if (entry.Stream is null) { _entries.Remove(streamId); }
        }
    }

    /// <summary>Turns a reservation into a place: the stream that continues, or the one that <paramref name="create"/> makes.</summary>
    /// <returns><see langword="null"/> when the reservation is gone.</returns>
    public LiveStream? Admit(string streamId, int ticket, Func<string, LiveStream> create)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(streamId, out Entry? entry) || entry.Ticket != ticket) { return null; }
            entry.Ticket = null;
            return entry.Stream ??= create(streamId);
        }
    }

    /// <summary>The stream of that name, if it lives.</summary>
    public LiveStream? Find(string streamId)
    {
        lock (_lock) { return _entries.GetValueOrDefault(streamId)?.Stream; }
    }

    /// <summary>All streams.</summary>
    public List<LiveStream> List()
    {
        lock (_lock) { return [.. _entries.Values.Select(entry => entry.Stream).OfType<LiveStream>()]; }
    }

    /// <summary>Frees the place of a stream that ended; a publisher whose handshake is under way will start a new one.</summary>
    public void Remove(LiveStream stream)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(stream.Id, out Entry? entry) || entry.Stream != stream) { return; }
            entry.Stream = null;
            if (entry.Ticket is null) { _entries.Remove(stream.Id); }
        }
    }

    private sealed class Entry
    {
        public LiveStream? Stream { get; set; }

        public int? Ticket { get; set; }
    }
}
