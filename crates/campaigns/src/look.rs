use brands::Brand;
use links::Site;
use renderer::Look;

use crate::Error;

/// How a brand's mails look, for whoever renders one: a campaign, or a mail of the system's own.
pub fn look(brand: &Brand) -> Result<Look, Error> {
    Ok(Look {
        brand: brand.name.clone(),
        accent: brand.accent.parse()?,
        postal_address: brand.postal_address.clone(),
        base_url: brand.base_url.clone(),
        website: brand.website.clone(),
        locale: brand.locale,
    })
}

/// Where a brand's links live and where its mail comes back to.
pub fn site(brand: &Brand) -> Result<Site, Error> {
    Ok(Site::new(brand.base_url.clone(), &brand.bounce_domain)?)
}
