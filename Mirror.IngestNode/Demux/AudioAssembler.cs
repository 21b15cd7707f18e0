using Mirror.Media.Frames;
using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Splits the payload of audio PES packets into frames, which may go on from one packet to the next.</summary>
internal abstract class AudioAssembler(IAudioFrameHandler handler) : IDisposable
{
    private const int LargestRest = 128 * 1024;        // an unfinished frame and the next PES packet
    private byte[] _kept = [];
    private int _keptLength;
    private long _pts33;
    private DateTime _arrival;
    private int _payloadStart;
    private int _position;
    private AudioTrack? _bare;                         // the track passed on last, before its language
    private AudioTrack? _track;

    /// <summary>The language spoken; <see langword="null"/> where the publisher does not say.</summary>
    public string? Language { get; init; }

    /// <summary>For whom it is.</summary>
    public AudioPurpose Purpose { get; init; }

    /// <summary>Bytes that belonged to no frame.</summary>
    public long SkippedBytes { get; private set; }

    /// <summary>Frames in a form that Mirror does not carry.</summary>
    public long UnsupportedFrames { get; protected set; }

    /// <summary>Frames dropped: damaged or cut off.</summary>
    public long DroppedUnits { get; protected set; }

    /// <summary>Takes a PES packet's payload.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="arrival">When its first byte arrived (UTC).</param>
    public void Write(in PesPacket packet, DateTime arrival)
    {
        if (_keptLength + packet.Payload.Length > LargestRest)
        {
            DroppedUnits++;
            _keptLength = 0;
        }
        _pts33 = packet.Header.Pts33;
        _arrival = arrival;
        _payloadStart = _keptLength;
        ReadOnlySpan<byte> window = packet.Payload[..Math.Min(packet.Payload.Length, LargestRest)];
        if (_keptLength > 0)
        {
            Keep(window, _keptLength);
            window = _kept.AsSpan(0, _keptLength);
        }
        _position = 0;
        while (_position < window.Length)
        {
            int consumed = ReadFrame(window[_position..], out bool isFrame);
            if (consumed == 0) { break; }
            if (!isFrame) { SkippedBytes += consumed; }
            _position += consumed;
        }
        if (packet.IsTruncated)
        {
            Abandon();
            return;
        }
        Keep(window[_position..], 0);
    }

    /// <summary>Data is missing: the unfinished frame cannot be completed.</summary>
    public void Abandon()
    {
        if (_keptLength > 0) { DroppedUnits++; }
        _keptLength = 0;
    }

    /// <summary>Forgets what is unfinished.</summary>
    public void Reset() => _keptLength = 0;

    /// <summary>Gives the buffer back to its pool.</summary>
    public void Dispose()
    {
        if (_kept.Length != 0) { BytePool.Return(_kept); }
        _kept = [];
        _keptLength = 0;
    }

    /// <summary>Reads a frame at the start of <paramref name="bytes"/>, or finds out how many of them to pass over.</summary>
    /// <returns>Bytes used; 0 when the frame is not complete.</returns>
    protected abstract int ReadFrame(ReadOnlySpan<byte> bytes, out bool isFrame);

    /// <summary>Passes a frame on. The first that starts in a PES packet has the packet's PTS (H.222.0 §2.4.3.7).</summary>
    protected void Emit(AudioTrack track, MediaBuffer payload, int sampleCount)
    {
        long pts33 = PesHeader.NoTimestamp;
        if (_position >= _payloadStart) { (pts33, _pts33) = (_pts33, PesHeader.NoTimestamp); }
        if (!ReferenceEquals(track, _bare)) { (_bare, _track) = (track, track with { Language = Language, Purpose = Purpose }); }
        handler.OnAudioFrame(_track!, pts33, payload, sampleCount, _arrival);
    }

    /// <summary>Bytes up to the next place where <paramref name="first"/> stands, at least one.</summary>
    protected static int SkipTo(byte first, ReadOnlySpan<byte> bytes)
    {
        int next = bytes[1..].IndexOf(first);
        return next < 0 ? bytes.Length : next + 1;
    }

    private void Keep(ReadOnlySpan<byte> bytes, int position)
    {
        int needed = position + bytes.Length;
        if (needed > _kept.Length)
        {
            byte[] larger = BytePool.Rent(needed);
            _kept.AsSpan(0, position).CopyTo(larger);
            bytes.CopyTo(larger.AsSpan(position));
            if (_kept.Length != 0) { BytePool.Return(_kept); }
            _kept = larger;
        }
        else { bytes.CopyTo(_kept.AsSpan(position)); }
        _keptLength = needed;
    }
}
