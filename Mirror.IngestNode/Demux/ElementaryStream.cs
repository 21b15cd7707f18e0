using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>One elementary stream that is carried: its PID, its continuity, its PES packets and what splits them.</summary>
internal sealed class ElementaryStream(byte streamType, ushort pid, uint format, int largestPacket, IVideoAssembler? video, AudioAssembler? audio) : IDisposable
{
    private ContinuityCounter _continuity;
    private bool _isLossSignalled;
    private DateTime _arrival;                      // of the first byte of the PES packet being collected

    /// <summary>stream_type of the programme map.</summary>
    public byte StreamType => streamType;

    /// <summary>Its PID.</summary>
    public ushort Pid => pid;

    /// <summary>What else tells the codec of a private stream: format_identifier, of Opus channel_config_code.</summary>
    public uint Format => format;

    /// <summary>Its pictures, where it is video.</summary>
    public IVideoAssembler? Video => video;

    /// <summary>Its frames, where it is audio.</summary>
    public AudioAssembler? Audio => audio;

    /// <summary>Its PES packets.</summary>
    public PesAssembler Pes { get; } = new(largestPacket);

    /// <summary>Gaps in the continuity counter.</summary>
    public long ContinuityErrors { get; private set; }

    /// <summary>Packets sent twice.</summary>
    public long DuplicatePackets { get; private set; }

    /// <summary>PES packets that were scrambled.</summary>
    public long ScrambledPackets { get; private set; }

    /// <summary>Access units dropped.</summary>
    public long DroppedUnits => (video?.DroppedUnits ?? 0) + (video?.SplitUnits ?? 0) + (audio?.DroppedUnits ?? 0) + (audio?.UnsupportedFrames ?? 0);

    /// <summary>Takes a transport packet of its PID that carries payload.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="wallClock">When it arrived (UTC).</param>
    public void Write(in TransportPacket packet, DateTime wallClock)
    {
        Continuity continuity = _continuity.Check(packet);
        if (continuity == Continuity.Duplicate)
        {
            DuplicatePackets++;
            return;
        }
        if (continuity == Continuity.Gap) { ContinuityErrors++; }
        if (continuity is Continuity.Gap or Continuity.Restart || (_isLossSignalled && IsUnsure(packet))) { Abandon(); }
        _isLossSignalled = false;

        if (packet.PayloadUnitStart && Pes.TryFinish(out PesPacket finished)) { Deliver(finished); }
        if (packet.PayloadUnitStart) { _arrival = wallClock; }
        if (Pes.TryAppend(packet, out PesPacket completed)) { Deliver(completed); }
    }

    /// <summary>Packets are missing here, of this PID or of others: its next one tells.</summary>
    public void SignalLoss() => _isLossSignalled = true;

    /// <summary>The publisher returned: unfinished data is dropped, parameter sets are kept.</summary>
    public void Reset()
    {
        _continuity.Reset();
        _isLossSignalled = false;
        Pes.Reset();
        video?.Reset();
        audio?.Reset();
    }

    /// <summary>Gives all buffers back to their pool.</summary>
    public void Dispose()
    {
        Pes.Dispose();
        video?.Dispose();
        audio?.Dispose();
    }

    /// <summary>The counter goes on, yet a loss of sixteen packets looks the same. Video has that many in flight; audio is checked by its lengths.</summary>
    private bool IsUnsure(in TransportPacket packet) => video is not null && Pes.IsOpen && !packet.PayloadUnitStart;

    private void Abandon()
    {
        if (Pes.TryAbandon(out PesPacket partial)) { Deliver(partial); }
        else
        {
            video?.Abandon();
            audio?.Abandon();
        }
    }

    private void Deliver(in PesPacket packet)
    {
        if (packet.Header.IsScrambled)
        {
            ScrambledPackets++;
            return;
        }
        video?.Write(packet, _arrival);
        audio?.Write(packet, _arrival);
    }
}
