using Mirror.Media.Frames;

namespace Mirror.IngestNode.Gop;

/// <summary>Units of a GOP buffer at one moment. Holds a reference of each until it is disposed.</summary>
internal sealed class GopSnapshot(AccessUnit[] units) : IDisposable
{
    private AccessUnit[] _units = units;

    /// <summary>The units, in the order in which they arrived.</summary>
    public IReadOnlyList<AccessUnit> Units => _units;

    /// <summary>The units from one on; this snapshot is empty from now on.</summary>
    public GopSnapshot Skip(int count)
    {
        AccessUnit[] held = Interlocked.Exchange(ref _units, []);
        foreach (AccessUnit unit in held.AsSpan(0, count)) { unit.Release(); }
        return new GopSnapshot(held[count..]);
    }

    /// <summary>Gives the references back.</summary>
    public void Dispose()
    {
        AccessUnit[] held = Interlocked.Exchange(ref _units, []);
        foreach (AccessUnit unit in held) { unit.Release(); }
    }
}
