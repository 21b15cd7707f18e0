using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.H265;

/// <summary>The general part of profile_tier_level (H.265 §7.3.3).</summary>
/// <param name="ProfileSpace">general_profile_space, in [0, 3].</param>
/// <param name="IsHighTier">general_tier_flag.</param>
/// <param name="ProfileIdc">general_profile_idc, in [0, 31].</param>
/// <param name="CompatibilityFlags">general_profile_compatibility_flag[0] at the top bit.</param>
/// <param name="ConstraintFlags">The 48 bits from general_progressive_source_flag on.</param>
/// <param name="LevelIdc">general_level_idc: thirty times the level.</param>
public readonly record struct H265ProfileTierLevel(byte ProfileSpace, bool IsHighTier, byte ProfileIdc, uint CompatibilityFlags, ulong ConstraintFlags, byte LevelIdc)
{
    /// <summary>Reads the structure with profilePresentFlag 1 and passes over the sub-layers.</summary>
    internal static H265ProfileTierLevel Read(ref BitReader reader, int maxSubLayersMinus1)
    {
        var general = new H265ProfileTierLevel((byte)reader.ReadBits(2), reader.ReadFlag(), (byte)reader.ReadBits(5), reader.ReadBits(32),
            reader.ReadLong(48), (byte)reader.ReadBits(8));
        uint present = maxSubLayersMinus1 > 0 ? reader.ReadBits(16) : 0;          // two flags for each of eight sub-layers
        for (int i = 0; i < maxSubLayersMinus1; i++)
        {
            if ((present & (0x8000u >> (2 * i))) != 0) { reader.Skip(88); }
            if ((present & (0x4000u >> (2 * i))) != 0) { reader.Skip(8); }
        }
        return general;
    }
}
