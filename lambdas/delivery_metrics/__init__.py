"""What the pipeline's runs tell about delivery, published as metrics; stands alone, and runs as a Lambda function."""
