using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Splits the payload of video PES packets into coded pictures.</summary>
internal interface IVideoAssembler : IDisposable
{
    /// <summary>Access units dropped: damaged, cut off, or too large.</summary>
    long DroppedUnits { get; }

    /// <summary>Parts of pictures dropped because they could not be such.</summary>
    long MalformedUnits { get; }

    /// <summary>Access units that turned out to go on after they had been passed on.</summary>
    long SplitUnits { get; }

    /// <summary>Parameter sets that could not be read.</summary>
    long MalformedParameterSets { get; }

    /// <summary>Takes a PES packet's payload.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="arrival">When its first byte arrived (UTC).</param>
    void Write(in PesPacket packet, DateTime arrival);

    /// <summary>Data is missing: the unfinished access unit cannot be completed.</summary>
    void Abandon();

    /// <summary>Forgets everything but the parameter sets: another stream of bytes follows.</summary>
    void Reset();
}
