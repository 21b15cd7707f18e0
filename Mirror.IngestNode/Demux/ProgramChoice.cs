using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Chooses the programme to carry: the configured one, or else the first that has something to carry.</summary>
/// <remarks>
/// The maps of all programmes are read until one is chosen. A programme whose map does not come, lists nothing to carry, or lists streams
/// that send nothing is passed over. If all are, all are tried again. Not thread-safe.
/// </remarks>
/// <param name="preferred">program_number of the configured one; 0 is none.</param>
/// <param name="patience">How long a programme may take to send its map, and then its streams, before it is passed over.</param>
internal sealed class ProgramChoice(int preferred, TimeSpan patience)
{
    private const int MostPrograms = 64;                   // whose maps are read; a transponder has about 20
    private readonly List<(ushort Number, ushort MapPid, byte Section)> _listed = [];
    private readonly HashSet<ushort> _passedOver = [];
    private readonly HashSet<ushort> _told = [];
    private readonly Dictionary<ushort, MapReader> _maps = [];
    private DateTime _since;

    /// <summary>The sections of one PID that carries maps.</summary>
    public sealed class MapReader
    {
        public SectionAssembler Sections { get; } = new();

        public ContinuityCounter Continuity;
    }

    /// <summary>A choice must be made; what was listed and passed over before is forgotten.</summary>
    public void Reset()
    {
        _listed.Clear();
        _passedOver.Clear();
        _told.Clear();
        _maps.Clear();
    }

    /// <summary>Takes a section of the programme association table in force.</summary>
    public void List(in ProgramAssociation association, byte sectionNumber, DateTime now)
    {
        if (_listed.Count == 0) { _since = now; }
        _listed.RemoveAll(program => program.Section == sectionNumber);
        for (int i = 0; i < association.Count && _listed.Count < MostPrograms; i++)
        {
            (ushort number, ushort mapPid) = association[i];
            if (number != 0) { _listed.Add((number, mapPid, sectionNumber)); }
        }
        int first = _listed.FindIndex(program => program.Number == preferred);
        if (first <= 0) { return; }
        _listed.Insert(0, _listed[first]);
        _listed.RemoveAt(first + 1);
    }

    /// <summary>The PID of a programme's map, if the programme is listed.</summary>
    public bool TryFind(int number, out ushort mapPid)
    {
        (ushort Number, ushort MapPid, byte Section) found = _listed.Find(program => program.Number == number);
        mapPid = found.MapPid;
        return found.Number != 0;
    }

    /// <summary>Reads the maps on a PID; <see langword="null"/> where there are none.</summary>
    public MapReader? MapsOn(ushort pid)
    {
        if (_maps.TryGetValue(pid, out MapReader? reader)) { return reader; }
        if (!_listed.Exists(program => program.MapPid == pid)) { return null; }
        return _maps[pid] = new MapReader();
    }

    /// <summary>Judges a programme that has something to carry: whether those before it have had their time.</summary>
    public bool IsTurnOf(ushort number, DateTime now)
    {
        if (_passedOver.Contains(number)) { return false; }
        foreach ((ushort other, _, _) in _listed)
        {
            if (other == number) { return true; }
            if (!_passedOver.Contains(other) && !IsOver(now)) { return false; }
        }
        return false;
    }

    /// <summary>The programmes before one that were not passed over for what they are: their maps did not come.</summary>
    public IEnumerable<int> AbsentBefore(ushort number)
        => _listed.TakeWhile(program => program.Number != number).Where(program => !_passedOver.Contains(program.Number)).Select(program => (int)program.Number);

    /// <summary>One is chosen: its time to send something starts.</summary>
    public void Choose(DateTime now)
    {
        _since = now;
        _maps.Clear();
    }

    /// <summary>Whether the time since the list came, or since the choice, is over.</summary>
    public bool IsOver(DateTime now) => now - _since >= patience;

    /// <summary>Whether another programme could be tried.</summary>
    public bool HasOther(int number) => _listed.Exists(program => program.Number != number);

    /// <summary>A programme has nothing to carry.</summary>
    /// <returns>Whether that is news.</returns>
    public bool PassOver(ushort number, DateTime now)
    {
        bool isNew = _told.Add(number);
        _passedOver.Add(number);
        if (_listed.TrueForAll(program => _passedOver.Contains(program.Number)))
        {
            _passedOver.Clear();
            _since = now;
        }
        return isNew;
    }
}
