namespace Mirror.Media.MpegTs;

/// <summary>Puts the sections of one PID together from its packets (ITU-T H.222.0 §2.4.4).</summary>
/// <remarks>Holds at most one section and one packet. Not thread-safe.</remarks>
public sealed class SectionAssembler
{
    /// <summary>Most bytes of a PAT or PMT section: the length field says at most 1021, behind three bytes (§2.4.4.4).</summary>
    public const int LargestSection = 1024;

    private const int SectionHeaderLength = 3;
    private const byte StuffingTableId = 0xFF;
    private readonly byte[] _bytes = new byte[LargestSection + 2 * TransportPacket.Size];
    private int _read;
    private int _oldEnd;       // bytes before it belong to the section that the last packet with a start indicator ended
    private int _end;
    private bool _isStarted;

    /// <summary>Sections given up: longer than allowed, or cut off by the next.</summary>
    public long MalformedSections { get; private set; }

    /// <summary>Packets are missing: what was collected is dropped, up to the next start of a section.</summary>
    public void Reset()
    {
        _read = _oldEnd = _end = 0;
        _isStarted = false;
    }

    /// <summary>Takes a packet's payload. Call <see cref="TryRead"/> until it returns false before the next.</summary>
    /// <param name="payload">Payload of a transport packet of the PID.</param>
    /// <param name="unitStart">payload_unit_start_indicator: the first byte is a pointer_field, and a section starts behind it.</param>
    public void Write(ReadOnlySpan<byte> payload, bool unitStart)
    {
        if (payload.IsEmpty || (!_isStarted && !unitStart)) { return; }
        if (!unitStart)
        {
            _oldEnd = 0;
            Append(payload);
            return;
        }
        int pointer = payload[0];
        if (1 + pointer > payload.Length)
        {
            MalformedSections++;
            Reset();
            return;
        }
        if (_isStarted) { Append(payload.Slice(1, pointer)); }
        _oldEnd = _end;
        _isStarted = true;
        Append(payload[(1 + pointer)..]);
    }

    /// <summary>Takes the next complete section, valid until the next call of <see cref="Write"/>.</summary>
    public bool TryRead(out ReadOnlySpan<byte> section)
    {
        while (true)
        {
            int limit = _read < _oldEnd ? _oldEnd : _end;
            bool isOld = _read < _oldEnd;
            ReadOnlySpan<byte> rest = _bytes.AsSpan(_read, limit - _read);
            if (rest.Length > 0 && rest[0] == StuffingTableId)
            {
                _read = limit;
                if (!isOld) { break; }
                continue;
            }
            if (rest.Length >= SectionHeaderLength)
            {
                int length = SectionHeaderLength + (((rest[1] & 0x0F) << 8) | rest[2]);
                if (length > LargestSection)
                {
                    MalformedSections++;
                    _read = limit;
                    if (isOld) { continue; }
                    _isStarted = false;
                    break;
                }
                if (length <= rest.Length)
                {
                    section = rest[..length];
                    _read += length;
                    return true;
                }
            }
            if (!isOld) { break; }
            MalformedSections++;
            _read = _oldEnd;
        }
        Compact();
        section = default;
        return false;
    }

    private void Compact()
    {
        _bytes.AsSpan(_read, _end - _read).CopyTo(_bytes);
        _end -= _read;
        _read = _oldEnd = 0;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, _bytes.Length - _end);      // never short: what stays behind is less than one section
        bytes[..taken].CopyTo(_bytes.AsSpan(_end));
        _end += taken;
    }
}
