using Mirror.Media.Frames;

namespace Mirror.Media.MpegTs;

/// <summary>Puts the PES packets of one PID together from its transport packets, straight into one pooled buffer (ITU-T H.222.0 §2.4.3.6).</summary>
/// <remarks>
/// A packet of given length is complete by its count. One without a length (usual for video) ends where the next begins, one frame too
/// late for live use; so it is taken as complete at its first stuffed transport packet, once the multiplexer has shown that it stuffs
/// only there. Per transport packet that carries payload: if it starts a unit, call <see cref="TryFinish"/>; then <see cref="TryAppend"/>.
/// Not thread-safe.
/// </remarks>
public sealed class PesAssembler(int largestPacket) : IDisposable
{
    private const int FirstCapacity = 16 * 1024;
    private const int StuffedEndsToTrust = 3;          // PES packets seen to end in a stuffed transport packet before that is relied on
    private const int NeverTrust = int.MinValue;
    private byte[] _bytes = [];
    private int _length;
    private bool _isOpen;
    private bool _hasHeader;
    private PesHeader _header;
    private bool _lastWasStuffed;
    private bool _endedEarly;
    private int _stuffedEnds;

    /// <summary>PES packets whose header could not be read.</summary>
    public long MalformedPackets { get; private set; }

    /// <summary>PES packets given up because they exceed the largest allowed.</summary>
    public long OversizedPackets { get; private set; }

    /// <summary>PES packets that ended before their own length.</summary>
    public long TruncatedPackets { get; private set; }

    /// <summary>PES packets that went on behind a stuffed transport packet after that had been taken as their end.</summary>
    public long FalseEnds { get; private set; }

    /// <summary>Whether a PES packet is being collected.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>The next unit starts: gives out the one being collected, if any.</summary>
    public bool TryFinish(out PesPacket packet)
    {
        packet = default;
        _endedEarly = false;
        if (!_isOpen) { return false; }
        if (_lastWasStuffed && _stuffedEnds >= 0 && _stuffedEnds < StuffedEndsToTrust) { _stuffedEnds++; }
        if (!_hasHeader)
        {
            MalformedPackets++;
            _isOpen = false;
            return false;
        }
        bool isTruncated = _header.PacketLength != 0;             // else it would have been complete by its count
        if (isTruncated) { TruncatedPackets++; }
        return Close(isTruncated, out packet);
    }

    /// <summary>Transport packets are missing: gives out what was collected before them, and ignores the rest up to the next unit.</summary>
    public bool TryAbandon(out PesPacket packet)
    {
        packet = default;
        _endedEarly = false;
        _lastWasStuffed = false;
        if (!_isOpen) { return false; }
        if (_hasHeader) { return Close(isTruncated: true, out packet); }
        _isOpen = false;
        return false;
    }

    /// <summary>Collects a transport packet's payload; gives out the PES packet that it completes, if it does.</summary>
    public bool TryAppend(in TransportPacket source, out PesPacket packet)
    {
        packet = default;
        if (source.PayloadUnitStart) { Open(); }
        else if (!_isOpen)
        {
            if (_endedEarly && !source.Payload.IsEmpty) { DistrustStuffing(); }
            return false;
        }
        else if (_lastWasStuffed) { _stuffedEnds = NeverTrust; }
        _lastWasStuffed = source.IsStuffed;

        if (!TryCopy(source.Payload)) { return false; }
        if (!_hasHeader && !TryReadHeader()) { return false; }
        if (_header.PacketLength != 0) { return _length >= _header.PacketLength && CloseAtLength(out packet); }
        if (!source.IsStuffed || _stuffedEnds < StuffedEndsToTrust) { return false; }
        _endedEarly = true;
        return Close(isTruncated: false, out packet);
    }

    /// <summary>Drops what is being collected, and what was learnt of the multiplexer.</summary>
    public void Reset()
    {
        _isOpen = false;
        _lastWasStuffed = false;
        _endedEarly = false;
        _stuffedEnds = 0;
    }

    /// <summary>Gives the buffer back to its pool.</summary>
    public void Dispose()
    {
        Reset();
        if (_bytes.Length != 0) { BytePool.Return(_bytes); }
        _bytes = [];
    }

    private void Open()
    {
        _isOpen = true;
        _hasHeader = false;
        _length = 0;
        _lastWasStuffed = false;
    }

    private void DistrustStuffing()
    {
        FalseEnds++;
        _stuffedEnds = NeverTrust;
        _endedEarly = false;
    }

    private bool TryCopy(ReadOnlySpan<byte> payload)
    {
        int needed = _length + payload.Length;
        if (needed > _bytes.Length && !TryGrow(needed)) { return false; }
        payload.CopyTo(_bytes.AsSpan(_length));
        _length = needed;
        return true;
    }

    private bool TryGrow(int needed)
    {
        if (needed > largestPacket)
        {
            OversizedPackets++;
            _isOpen = false;
            return false;
        }
        byte[] larger = BytePool.Rent(Math.Max(needed, Math.Min(largestPacket, Math.Max(FirstCapacity, _bytes.Length * 2))));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length != 0) { BytePool.Return(_bytes); }
        _bytes = larger;
        return true;
    }

    private bool TryReadHeader()
    {
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, _length);
        if (bytes.Length < PesHeader.LengthNeeded(bytes)) { return false; }
        _hasHeader = PesHeader.TryParse(bytes, out _header);
        if (_hasHeader) { return true; }
        MalformedPackets++;
        _isOpen = false;
        return false;
    }

    private bool CloseAtLength(out PesPacket packet)
    {
        _length = _header.PacketLength;
        return Close(isTruncated: false, out packet);
    }

    private bool Close(bool isTruncated, out PesPacket packet)
    {
        _isOpen = false;
        packet = new PesPacket { Header = _header, Payload = _bytes.AsSpan(_header.Length, _length - _header.Length), IsTruncated = isTruncated };
        return true;
    }
}
