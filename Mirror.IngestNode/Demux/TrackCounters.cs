using Mirror.Media.Frames;
using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Counts one track's units. Written by the demuxer's thread; a reader may see one count newer than another.</summary>
internal sealed class TrackCounters
{
    private long _units;
    private long _waiting;
    private long _badTimestamps;
    private long _wraps;
    private long _lastPts;
    private long _lastDts;
    private long _basePts;

    /// <summary>Units came before the timeline's first random access point.</summary>
    public void CountWaiting(int units) => _waiting += units;

    /// <summary>Units had timestamps that could not be right.</summary>
    public void CountBadTimestamps(int units) => _badTimestamps += units;

    /// <summary>A unit was passed on.</summary>
    public void CountUnit(AccessUnit unit, bool startsTimeline)
    {
        _units++;
        if (startsTimeline) { _basePts = unit.Pts90k; }
        else if (WrapNumber(unit.Dts90k) > WrapNumber(_lastDts)) { _wraps++; }
        _lastPts = unit.Pts90k;
        _lastDts = unit.Dts90k;
    }

    /// <summary>A unit of another track of the kind was passed on, which has times of its own.</summary>
    public void CountOther() => _units++;

    /// <summary>The counts so far.</summary>
    public DemuxTrackStats Snapshot(long repaired, long dropped) => new()
    {
        Units = _units,
        DroppedUnits = dropped,
        WaitingUnits = _waiting,
        BadTimestamps = _badTimestamps,
        RepairedTimestamps = repaired,
        Wraps = _wraps,
        LastPts90k = _lastPts,
        LastDts90k = _lastDts,
        BasePts90k = _basePts,
    };

    private static long WrapNumber(long ticks) => (ticks - (ticks & (TimestampUnwrapper.Period - 1))) / TimestampUnwrapper.Period;
}
