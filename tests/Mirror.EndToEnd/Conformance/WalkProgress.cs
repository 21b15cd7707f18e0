using System.Collections.Concurrent;

namespace Mirror.EndToEnd.Conformance;

/// <summary>How far each rendition of a walk has been seen, so that reports about it can be judged.</summary>
internal sealed class WalkProgress
{
    private readonly ConcurrentDictionary<Uri, (long Msn, int Part)> _last = new();

    public void Saw(Uri playlist, long msn, int part)
        => _last.AddOrUpdate(playlist, (msn, part), (_, known) => (msn, part).CompareTo(known) > 0 ? (msn, part) : known);

    public IReadOnlyDictionary<Uri, (long Msn, int Part)> Snapshot() => new Dictionary<Uri, (long, int)>(_last);
}
