namespace Mirror.Media.MpegTs;

/// <summary>Finds the packets in bytes that arrive in pieces of any size (ITU-T H.222.0 §2.4.3.2; Annex G.1 on sync acquisition).</summary>
/// <remarks>
/// Pieces that start with a packet, as SRT and UDP deliver them, are read in place. Only a packet that two pieces share is copied. Packets may
/// be 192 bytes apart, with a time of arrival in four bytes before each (M2TS, TP_extra_header), or 204, with Reed-Solomon parity after each
/// (ITU-T H.222.0 Annex O.4; ETSI EN 300 429). Those bytes are skipped. Not thread-safe.
/// </remarks>
public sealed class PacketSynchronizer
{
    /// <summary>Packets in a row that must start with the sync byte before the first is believed: chance alone does so once in 2^40.</summary>
    public const int LockPackets = 5;

    private const int TimedStride = 192;
    private const int ArrivalTimeLength = 4;
    private const int LargestStride = 204;
    private const int WindowLength = LargestStride * (LockPackets + 1);
    private static readonly int[] Strides = [TransportPacket.Size, TimedStride, LargestStride];
    private readonly byte[] _window = new byte[WindowLength];     // bytes kept from one piece to the next
    private int _start;
    private int _end;
    private int _stride = TransportPacket.Size;                   // from one sync byte to the next
    private int _between;                                         // bytes that still stand before the next packet

    /// <summary>Whether packet boundaries are known.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>Times that known boundaries were lost.</summary>
    public long SyncLosses { get; private set; }

    /// <summary>Bytes that belonged to no packet, or to one with a damaged sync byte.</summary>
    public long SkippedBytes { get; private set; }

    /// <summary>Takes the next packet out of what is kept and <paramref name="input"/>, which moves on past what was taken.</summary>
    /// <param name="input">The bytes that follow those of earlier calls.</param>
    /// <param name="packet">188 bytes that start with the sync byte; valid until the next call.</param>
    /// <returns><see langword="false"/> once the input is used up.</returns>
    public bool TryRead(scoped ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> packet)
    {
        while (true)
        {
            if (!IsLocked && !TryLock(ref input))
            {
                packet = default;
                return false;
            }
            SkipBetween(ref input);
            ReadOnlySpan<byte> source = _start == _end ? input : TopUp(ref input);
            if (source.Length < TransportPacket.Size)
            {
                if (_start == _end) { Keep(ref input); }
                packet = default;
                return false;
            }
            bool inSync = source[0] == TransportPacket.SyncByte;
            if (!inSync && !IsOnlySyncByteDamaged(source))
            {
                IsLocked = false;
                SyncLosses++;
                continue;
            }
            packet = source[..TransportPacket.Size];
            if (_start == _end) { input = input[TransportPacket.Size..]; }
            else { _start += TransportPacket.Size; }
            _between = _stride - TransportPacket.Size;
            if (inSync) { return true; }
            SkippedBytes += TransportPacket.Size;
        }
    }

    /// <summary>Bytes are missing before the next call: what is kept cannot be completed.</summary>
    public void SignalLoss()
    {
        if (_start == _end && _stride == TransportPacket.Size) { return; }       // the last piece ended with its packet; so will the next, if it starts with one
        Reset();
    }

    /// <summary>Forgets everything but the counters.</summary>
    public void Reset()
    {
        SkippedBytes += _end - _start;
        _start = _end = _between = 0;
        IsLocked = false;
    }

    private bool IsOnlySyncByteDamaged(ReadOnlySpan<byte> source) => source.Length > _stride && source[_stride] == TransportPacket.SyncByte;

    private void SkipBetween(scoped ref ReadOnlySpan<byte> input)
    {
        if (_between == 0) { return; }
        int kept = Math.Min(_between, _end - _start);
        int fresh = Math.Min(_between - kept, input.Length);
        _start += kept;
        input = input[fresh..];
        _between -= kept + fresh;
    }

    /// <summary>Looks for <see cref="LockPackets"/> sync bytes one stride apart, in a window filled from the input.</summary>
    private bool TryLock(scoped ref ReadOnlySpan<byte> input)
    {
        while (true)
        {
            FillWindow(ref input, WindowLength);
            ReadOnlySpan<byte> kept = _window.AsSpan(_start, _end - _start);
            int candidates = kept.Length - (LockPackets - 1) * LargestStride - ArrivalTimeLength;
            int offset = 0;
            int stride = 0;
            while (offset < candidates && (stride = StrideAt(kept[offset..])) == 0) { offset++; }
            bool isArrivalTime = stride == TimedStride && StrideAt(kept[(offset + ArrivalTimeLength)..]) == TimedStride;
            if (isArrivalTime) { offset += ArrivalTimeLength; }            // the top byte of the time, which changes once in 0.6 s, looks like a sync byte
            SkippedBytes += offset;
            _start += offset;
            if (stride != 0)
            {
                (IsLocked, _stride, _between) = (true, stride, 0);
                return true;
            }
            if (input.IsEmpty) { return false; }
        }
    }

    /// <summary>How far apart the sync bytes are that start here; 0 where there are none.</summary>
    private static int StrideAt(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != TransportPacket.SyncByte) { return 0; }
        foreach (int stride in Strides)
        {
            int packets = 1;
            while (packets < LockPackets && bytes[packets * stride] == TransportPacket.SyncByte) { packets++; }
            if (packets == LockPackets) { return stride; }
        }
        return 0;
    }

    /// <summary>What is kept, topped up to one packet.</summary>
    private ReadOnlySpan<byte> TopUp(scoped ref ReadOnlySpan<byte> input)
    {
        FillWindow(ref input, TransportPacket.Size);
        return _window.AsSpan(_start, _end - _start);
    }

    private void Keep(scoped ref ReadOnlySpan<byte> input)
    {
        _start = _end = 0;
        FillWindow(ref input, TransportPacket.Size);
    }

    private void FillWindow(scoped ref ReadOnlySpan<byte> input, int wanted)
    {
        int kept = _end - _start;
        int taken = Math.Min(wanted - kept, input.Length);
        if (taken <= 0) { return; }
        if (_start + wanted > WindowLength)
        {
            _window.AsSpan(_start, kept).CopyTo(_window);
            _start = 0;
            _end = kept;
        }
        input[..taken].CopyTo(_window.AsSpan(_end));
        _end += taken;
        input = input[taken..];
    }
}
