using Mirror.Media.Bits;

namespace Mirror.Media.Codecs;

/// <summary>Reads the messages of an SEI NAL unit one by one (H.264 §7.3.2.3, H.265 §7.3.2.4 and §7.3.5).</summary>
public ref struct SeiReader
{
    /// <summary>payloadType of a recovery point message (H.264 §D.1.8, H.265 §D.2.8).</summary>
    public const int RecoveryPoint = 6;

    /// <summary>payloadType of user_data_registered_itu_t_t35 (H.264 §D.1.6, H.265 §D.2.6), such as captions.</summary>
    public const int RegisteredUserData = 4;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads the messages in <paramref name="rbsp"/>: the NAL unit behind its header, without emulation prevention bytes.</summary>
    public SeiReader(ReadOnlySpan<byte> rbsp) => _rest = rbsp;

    /// <summary>Takes the next message.</summary>
    /// <param name="payloadType">payloadType.</param>
    /// <param name="payload">Its bytes, as many as there are.</param>
    /// <returns><see langword="false"/> at the end.</returns>
    public bool TryRead(out int payloadType, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (!TryReadNumber(out payloadType) || !TryReadNumber(out int size) || _rest.IsEmpty) { return false; }
        size = Math.Min(size, _rest.Length);
        payload = _rest[..size];
        _rest = _rest[size..];
        return true;
    }

    /// <summary>Whether an SEI NAL unit holds a recovery point.</summary>
    /// <param name="nalUnit">The NAL unit, header first.</param>
    /// <param name="headerLength">Bytes of its header: 1 in H.264, 2 in H.265.</param>
    /// <param name="frameCount">recovery_frame_cnt of H.264; of H.265 the code of recovery_poc_cnt, which is 0 for 0.</param>
    public static bool TryFindRecoveryPoint(ReadOnlySpan<byte> nalUnit, int headerLength, out uint frameCount)
    {
        frameCount = 0;
        if (nalUnit.Length <= headerLength) { return false; }
        Span<byte> buffer = stackalloc byte[512];           // recovery points stand before long user data, or are missed
        var reader = new SeiReader(Rbsp.Unescape(nalUnit[headerLength..], buffer));
        while (reader.TryRead(out int payloadType, out ReadOnlySpan<byte> payload))
        {
            if (payloadType != RecoveryPoint) { continue; }
            var bits = new BitReader(payload);
            frameCount = bits.ReadUe();
            return !bits.Overrun;
        }
        return false;
    }

    /// <summary>A number coded as bytes of 255 and a last, smaller one.</summary>
    private bool TryReadNumber(out int value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length; i++)
        {
            value += _rest[i];
            if (_rest[i] == 0xFF) { continue; }
            _rest = _rest[(i + 1)..];
            return true;
        }
        _rest = default;
        return false;
    }
}
