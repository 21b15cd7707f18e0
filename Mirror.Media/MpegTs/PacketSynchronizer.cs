namespace Mirror.Media.MpegTs;

/// <summary>Finds the packets in bytes that arrive in pieces of any size (ITU-T H.222.0 §2.4.3.2; Annex G.1 on sync acquisition).</summary>
/// <remarks>
/// Pieces that start with a packet, as SRT and UDP deliver them, are read in place. Only a packet that two pieces share is copied. Not thread-safe.
/// </remarks>
public sealed class PacketSynchronizer
{
    /// <summary>Packets in a row that must start with the sync byte before the first is believed: chance alone does so once in 2^40.</summary>
    public const int LockPackets = 5;

    private const int WindowLength = TransportPacket.Size * (LockPackets + 1);
    private readonly byte[] _window = new byte[WindowLength];     // bytes kept from one piece to the next
    private int _start;
    private int _end;

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
            if (inSync) { return true; }
            SkippedBytes += TransportPacket.Size;
        }
    }

    /// <summary>Bytes are missing before the next call: what is kept cannot be completed.</summary>
    public void SignalLoss()
    {
        if (_start == _end) { return; }       // the last piece ended with its packet; so will the next, if it starts with one
        Reset();
    }

    /// <summary>Forgets everything but the counters.</summary>
    public void Reset()
    {
        SkippedBytes += _end - _start;
        _start = _end = 0;
        IsLocked = false;
    }

    private static bool IsOnlySyncByteDamaged(ReadOnlySpan<byte> source)
        => source.Length > TransportPacket.Size && source[TransportPacket.Size] == TransportPacket.SyncByte;

    /// <summary>Looks for <see cref="LockPackets"/> sync bytes one packet apart, in a window filled from the input.</summary>
    private bool TryLock(scoped ref ReadOnlySpan<byte> input)
    {
        while (true)
        {
            FillWindow(ref input, WindowLength);
            ReadOnlySpan<byte> kept = _window.AsSpan(_start, _end - _start);
            int candidates = kept.Length - (LockPackets - 1) * TransportPacket.Size;
            int offset = 0;
            while (offset < candidates && !IsStart(kept[offset..])) { offset++; }
            SkippedBytes += offset;
            _start += offset;
            if (offset < candidates)
            {
                IsLocked = true;
                return true;
            }
            if (input.IsEmpty) { return false; }
        }
    }

    private static bool IsStart(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < LockPackets; i++)
        {
            if (bytes[i * TransportPacket.Size] != TransportPacket.SyncByte) { return false; }
        }
        return true;
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
