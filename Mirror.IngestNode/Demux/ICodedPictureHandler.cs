namespace Mirror.IngestNode.Demux;

/// <summary>Takes the pictures of a video elementary stream, in decoding order.</summary>
internal interface ICodedPictureHandler
{
    /// <summary>The next picture; what is kept of it must be copied.</summary>
    void OnPicture(in CodedPicture picture);
}
